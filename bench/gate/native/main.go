// Evaluates a policy bundle with OPA itself, in process, as the peer of the compiled policy.
//
// Usage: policy BUNDLE QUERY INPUT. Each line of standard input is how often to evaluate; each line of standard output is a JSON
// object: the nanoseconds of each evaluation, from the bytes of the facts and from facts that were parsed before, and the answer.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/util"
)

type round struct {
	LoadNs int64   `json:"load_ns"`
	Bytes  []int64 `json:"bytes_ns"`
	Parsed []int64 `json:"parsed_ns"`
	Answer any     `json:"answer"`
}

func main() {
	if err := serve(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(bundle, query, inputFile string) error {
	ctx := context.Background()
	input, err := os.ReadFile(inputFile)
	if err != nil {
		return err
	}
	from := time.Now()
	prepared, err := rego.New(rego.Query(query), rego.LoadBundle(bundle)).PrepareForEval(ctx)
	if err != nil {
		return err
	}
	loaded := time.Since(from).Nanoseconds()
	parsed, err := parse(input)
	if err != nil {
		return err
	}

	lines := bufio.NewScanner(os.Stdin)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		times, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		done := round{LoadNs: loaded}
		for range times {
			from := time.Now()
			facts, err := parse(input)
			if err != nil {
				return err
			}
			if done.Answer, err = evaluate(ctx, prepared, facts); err != nil {
				return err
			}
			done.Bytes = append(done.Bytes, time.Since(from).Nanoseconds())
		}
		for range times {
			from := time.Now()
			if _, err := evaluate(ctx, prepared, parsed); err != nil {
				return err
			}
			done.Parsed = append(done.Parsed, time.Since(from).Nanoseconds())
		}
		if err := answers.Encode(done); err != nil {
			return err
		}
	}
	return lines.Err()
}

// parse takes the way of OPA's own server: bytes to a document to a term.
func parse(input []byte) (ast.Value, error) {
	var document any
	if err := util.UnmarshalJSON(input, &document); err != nil {
		return nil, err
	}
	return ast.InterfaceToValue(document)
}

func evaluate(ctx context.Context, prepared rego.PreparedEvalQuery, facts ast.Value) (any, error) {
	results, err := prepared.Eval(ctx, rego.EvalParsedInput(facts))
	if err != nil {
		return nil, err
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return nil, fmt.Errorf("the query gave %d results", len(results))
	}
	return results[0].Expressions[0].Value, nil
}
