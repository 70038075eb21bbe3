# METADATA
# title: Tests of the model
package countersign.lib.results

import data.countersign.lib.evidence
import data.countersign.lib.types

kind_annotation := "countersign.dev/test"

# Kind of test -> its results of the model, oldest first.
of_kind[kind] := [result |
	some result in about_model
	kind in kinds(result)
] if {
	some kind in known_kinds
}

known_kinds := {"evaluation", "explainability", "fairness"}

# Kind of test -> the newest result of each signer, all of which must hold.
newest[kind] := evidence.newest_of_each(results) if some kind, results in of_kind

about_model := [result |
	some result in evidence.results
	input.model.sha256 in result.subjects
]

# As annotated. A result without an annotation, or of a kind that nobody knows, is one of an evaluation: a failure that calls
# itself something else would be seen by no rule.
kinds(result) := {known(kind) | some kind in annotated} if {
	annotated := {entry.annotations[kind_annotation] | some entry in result.predicate.configuration}
	count(annotated) > 0
} else := {"evaluation"}

known(kind) := kind if {
	kind in known_kinds
} else := "evaluation"

# Why there is no result of a kind, or a newest one did not pass.
denied[kind] contains reason if {
	some kind, results in of_kind
	count(results) == 0
	not evidence.unreadable[types.result]
	reason := {"code": "test_result_missing", "params": {"kind": kind, "model": input.model.sha256}}
}

denied[kind] contains reason if {
	some kind, results in newest
	some result in results
	not object.get(result.predicate, "result", null) in {"PASSED", "WARNED"}
	failed := [name | some name in object.get(result.predicate, "failedTests", [])]
	reason := {"code": "test_result_failed", "params": {
		"evidence": result.evidence,
		"failed": array.slice(failed, 0, 10),
		"found": count(failed),
		"kind": kind,
	}}
}

unreadable contains reason if some reason in evidence.unreadable[types.result]
