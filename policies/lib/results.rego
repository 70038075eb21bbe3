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
	some kind in ["evaluation", "explainability", "fairness"]
}

about_model := [result |
	some result in evidence.results
	input.model.sha256 in result.subjects
]

# As annotated; a result without an annotation is one of an evaluation.
kinds(result) := annotated if {
	annotated := {entry.annotations[kind_annotation] | some entry in result.predicate.configuration}
	count(annotated) > 0
} else := {"evaluation"}

# Why there is no result of a kind, or the newest did not pass.
denied[kind] contains reason if {
	some kind, results in of_kind
	count(results) == 0
	not evidence.unreadable[types.result]
	reason := {"code": "test_result_missing", "params": {"kind": kind, "model": input.model.sha256}}
}

denied[kind] contains reason if {
	some kind, results in of_kind
	result := evidence.newest(results)
	not object.get(result.predicate, "result", null) in {"PASSED", "WARNED"}
	failed := object.get(result.predicate, "failedTests", [])
	reason := {"code": "test_result_failed", "params": {"evidence": result.evidence, "failed": failed, "kind": kind}}
}

unreadable contains reason if some reason in evidence.unreadable[types.result]
