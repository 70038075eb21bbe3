package countersign.tests.evaluation_passed

import data.countersign.testing
import data.facts

bounds_path := "/predicate/attributes/0/conditions"

thresholds(conditions) := testing.patched("thresholds", [{"op": "replace", "path": bounds_path, "value": conditions}])

measured(metrics) := testing.patched("evaluation", [{"op": "replace", "path": "/predicate/metrics", "value": metrics}])

received(name, time) := testing.patched(name, [{"op": "replace", "path": "/received_at", "value": time}])

miss(code, metric, bounds, value) := {"code": code, "params": {
	"bounds": bounds,
	"evaluation": facts.evidence.evaluation,
	"kind": "evaluation",
	"metric": metric,
	"thresholds": facts.evidence.thresholds,
	"value": value,
}}

too_late := {"code": "thresholds_too_late", "params": {
	"evaluation": facts.evidence.evaluation,
	"kind": "evaluation",
	"thresholds": [facts.evidence.thresholds],
}}

not_attested := {"code": "thresholds_missing", "params": {
	"attribute": "EVALUATION_THRESHOLDS",
	"evidence": facts.evidence.evaluationResult,
	"kind": "evaluation",
	"model_id": "breast-cancer-classifier",
}}

not_newest(evidence) := {"code": "thresholds_not_newest", "params": {
	"digest": facts.digests.thresholds,
	"evidence": evidence,
	"kind": "evaluation",
	"thresholds": facts.evidence.thresholds,
}}

test_passes_when_every_threshold_holds if testing.passes("evaluation_passed", facts.passing)

test_passes_on_the_threshold_itself if {
	testing.passes("evaluation_passed", measured({"roc_auc": 0.98, "recall": 1, "latency_p99_ms": 50}))
}

test_fails_below_a_lower_bound if {
	document := measured({"roc_auc": 0.9799, "recall": 0.95, "latency_p99_ms": 1})
	testing.fails("evaluation_passed", document, {miss("metric_too_low", "roc_auc", {"at_least": 0.98}, 0.9799)})
}

test_fails_above_an_upper_bound if {
	document := measured({"roc_auc": 0.99, "recall": 0.95, "latency_p99_ms": 50.01})
	testing.fails("evaluation_passed", document, {miss("metric_too_high", "latency_p99_ms", {"at_most": 50}, 50.01)})
}

test_fails_above_the_upper_of_two_bounds if {
	document := measured({"roc_auc": 0.99, "recall": 1.01, "latency_p99_ms": 1})
	reason := miss("metric_too_high", "recall", {"at_least": 0.9, "at_most": 1}, 1.01)
	testing.fails("evaluation_passed", document, {reason})
}

test_fails_when_a_metric_was_not_measured if {
	document := measured({"roc_auc": 0.99, "recall": 0.95})
	testing.fails("evaluation_passed", document, {miss("metric_missing", "latency_p99_ms", {"at_most": 50}, null)})
}

test_fails_when_a_metric_is_null if {
	document := measured({"roc_auc": null, "recall": 0.95, "latency_p99_ms": 1})
	testing.fails("evaluation_passed", document, {miss("metric_missing", "roc_auc", {"at_least": 0.98}, null)})
}

test_fails_when_a_metric_is_no_number if {
	document := measured({"roc_auc": "0.99", "recall": 0.95, "latency_p99_ms": 1})
	testing.fails("evaluation_passed", document, {miss("metric_missing", "roc_auc", {"at_least": 0.98}, "0.99")})
}

test_fails_when_a_threshold_binds_nothing if {
	every bounds in [null, "0.9", 0.9, [0.9], {}, {"minimum": 0.9}, {"at_least": null}, {"at_least": "0.9"}, {"at_least": 0.9, "unless": 1}] {
		reason := miss("threshold_malformed", "roc_auc", bounds, 0.994)
		testing.fails("evaluation_passed", thresholds({"roc_auc": bounds}), {reason})
	}
}

test_fails_when_no_threshold_is_fixed if {
	params := {"kind": "evaluation", "thresholds": facts.evidence.thresholds}
	every conditions in [{}, null, [], [{"at_least": 0.98}], "roc_auc", 0.98] {
		testing.fails("evaluation_passed", thresholds(conditions), {{"code": "thresholds_empty", "params": params}})
	}
}

test_fails_when_thresholds_have_no_conditions if {
	params := {"kind": "evaluation", "thresholds": facts.evidence.thresholds}
	document := testing.patched("thresholds", [{"op": "remove", "path": bounds_path}])
	testing.fails("evaluation_passed", document, {{"code": "thresholds_empty", "params": params}})
}

test_fails_when_thresholds_came_with_the_evaluation if {
	document := received("thresholds", testing.attestation("evaluation").received_at)
	testing.fails("evaluation_passed", document, {too_late})
}

test_fails_when_thresholds_came_between_evaluation_and_result if {
	testing.fails("evaluation_passed", received("thresholds", "2026-02-21T08:20:30.000Z"), {too_late})
}

test_fails_when_thresholds_came_after_the_result_of_a_later_evaluation if {
	later := received("evaluation", "2026-02-21T08:59:00.000Z")
	path := sprintf("/attestations/%d/received_at", [position(later, "thresholds")])
	document := json.patch(later, [{"op": "replace", "path": path, "value": "2026-02-21T08:30:00.000Z"}])
	testing.fails("evaluation_passed", document, {too_late})
}

position(document, name) := [i |
	some i, attestation in document.attestations
	attestation.evidence == facts.evidence[name]
][0]

# Thresholds of another file, received at a time, as changed from those of the facts.
more_thresholds(time, operations) := json.patch(testing.attestation("thresholds"), array.concat(
	[
		{"op": "replace", "path": "/evidence", "value": "more"},
		{"op": "replace", "path": "/received_at", "value": time},
		{"op": "replace", "path": "/subjects", "value": [facts.digests.report]},
		{"op": "replace", "path": "/predicate/attributes/0/target/digest/sha256", "value": facts.digests.report},
	],
	operations,
))

# In order of receipt.
with_earlier(attestation) := testing.replaced(array.concat([attestation], facts.passing.attestations))

before := "2026-02-21T08:00:00.000Z"

between := "2026-02-21T08:15:00.000Z"

# The facts with more right before the evaluation.
with_newer(attestation) := testing.replaced(array.concat(
	array.concat(array.slice(all, 0, at), [attestation]),
	array.slice(all, at, count(all)),
)) if {
	all := facts.passing.attestations
	at := position(facts.passing, "evaluation")
}

test_passes_though_others_were_fixed_earlier if {
	lax := more_thresholds(before, [{"op": "replace", "path": bounds_path, "value": {}}])
	testing.passes("evaluation_passed", with_earlier(lax))
}

test_fails_when_the_result_names_what_was_replaced_since if {
	newer := more_thresholds(between, [])
	reason := {"code": "thresholds_not_newest", "params": {
		"digest": facts.digests.report,
		"evidence": facts.evidence.evaluationResult,
		"kind": "evaluation",
		"thresholds": "more",
	}}
	testing.fails("evaluation_passed", with_newer(newer), {reason})
}

test_compares_with_the_newest_whatever_the_result_names if {
	newer := more_thresholds(between, [{"op": "replace", "path": bounds_path, "value": {"recall": {"at_least": 0.99}}}])
	params := {"params": {
		"bounds": {"at_least": 0.99},
		"evaluation": facts.evidence.evaluation,
		"kind": "evaluation",
		"metric": "recall",
		"thresholds": "more",
		"value": 0.96,
	}}
	some reason in thresholds_reasons(with_newer(newer))
	reason == object.union({"code": "metric_too_low"}, params)
}

thresholds_reasons(document) := testing.judged("evaluation_passed", document).reasons

test_passes_by_the_same_thresholds_that_are_attested_again if {
	again := json.patch(testing.attestation("thresholds"), [
		{"op": "replace", "path": "/evidence", "value": "again"},
		{"op": "replace", "path": "/received_at", "value": between},
	])
	testing.passes("evaluation_passed", with_newer(again))
}

test_ignores_newer_thresholds_of_whoever_may_not if {
	newer := more_thresholds(between, [{"op": "replace", "path": "/signature/role", "value": "producer"}])
	testing.passes("evaluation_passed", with_newer(newer))
}

test_ignores_newer_thresholds_for_other_models if {
	path := "/predicate/attributes/0/target/annotations/countersign.dev~1model"
	every operation in [{"op": "replace", "path": path, "value": "another"}, {"op": "remove", "path": path}] {
		testing.passes("evaluation_passed", with_newer(more_thresholds(between, [operation])))
	}
}

test_fails_when_thresholds_are_fixed_by_whoever_may_not if {
	operation := {"op": "replace", "path": "/signature/role", "value": "evaluator"}
	testing.fails("evaluation_passed", testing.patched("thresholds", [operation]), {not_attested})
}

test_fails_when_thresholds_are_fixed_for_other_models if {
	path := "/predicate/attributes/0/target/annotations/countersign.dev~1model"
	operation := {"op": "replace", "path": path, "value": "another"}
	testing.fails("evaluation_passed", testing.patched("thresholds", [operation]), {not_attested})
}

test_fails_when_no_training_says_what_the_model_is_called if {
	reason := json.patch(not_attested, [{"op": "replace", "path": "/params/model_id", "value": null}])
	every operation in [
		{"op": "remove", "path": "/predicate/model"},
		{"op": "replace", "path": "/predicate/model/sha256", "value": facts.digests.previousModel},
	] {
		testing.fails("evaluation_passed", testing.patched("training", [operation]), {reason})
	}
}

test_ignores_thresholds_that_came_too_late_beside_those_in_time if {
	late := json.patch(testing.attestation("thresholds"), [
		{"op": "replace", "path": "/evidence", "value": "late"},
		{"op": "replace", "path": "/received_at", "value": "2026-02-21T09:00:00.000Z"},
		{"op": "replace", "path": bounds_path, "value": {"recall": {"at_least": 0.99}}},
	])
	testing.passes("evaluation_passed", testing.with_more([late]))
}

test_fails_when_thresholds_are_not_attested if {
	testing.fails("evaluation_passed", testing.without({"thresholds"}), {not_attested})
}

test_fails_when_thresholds_are_fixed_for_another_kind if {
	operation := {"op": "replace", "path": "/predicate/attributes/0/attribute", "value": "FAIRNESS_THRESHOLDS"}
	testing.fails("evaluation_passed", testing.patched("thresholds", [operation]), {not_attested})
}

test_fails_when_the_result_names_other_thresholds if {
	operation := {"op": "replace", "path": "/predicate/configuration/0/digest/sha256", "value": facts.digests.report}
	document := testing.patched("evaluationResult", [operation])
	testing.fails("evaluation_passed", document, {not_newest(facts.evidence.evaluationResult)})
}

test_fails_when_the_target_is_not_what_the_report_is_about if {
	operation := {"op": "replace", "path": "/subjects", "value": [facts.digests.report]}
	testing.fails("evaluation_passed", testing.patched("thresholds", [operation]), {not_attested})
}

test_fails_without_a_result if {
	params := {"kind": "evaluation", "model": facts.digests.model}
	reason := {"code": "test_result_missing", "params": params}
	testing.fails("evaluation_passed", testing.without({"evaluationResult"}), {reason})
}

test_fails_when_the_evaluator_says_failed if {
	document := testing.patched("evaluationResult", [{"op": "replace", "path": "/predicate/result", "value": "FAILED"}])
	params := {"evidence": facts.evidence.evaluationResult, "failed": [], "found": 0, "kind": "evaluation"}
	testing.fails("evaluation_passed", document, {{"code": "test_result_failed", "params": params}})
}

by_another(name, operations) := json.patch(testing.attestation(name), array.concat(
	[
		{"op": "replace", "path": "/evidence", "value": "another"},
		{"op": "replace", "path": "/principal", "value": "somebody-else"},
	],
	operations,
))

failure(evidence) := {"code": "test_result_failed", "params": {
	"evidence": evidence,
	"failed": [],
	"found": 0,
	"kind": "evaluation",
}}

failed_before_another_passed(principal) := json.patch(document, [{"op": "add", "path": "/attestations/-", "value": passed}]) if {
	document := testing.patched("evaluationResult", [{"op": "replace", "path": "/predicate/result", "value": "FAILED"}])
	passed := by_another("evaluationResult", [{"op": "replace", "path": "/principal", "value": principal}])
}

test_fails_when_another_signer_passed_it_later if {
	document := failed_before_another_passed("somebody-else")
	testing.fails("evaluation_passed", document, {failure(facts.evidence.evaluationResult)})
}

test_passes_when_the_same_signer_passed_it_later if {
	testing.passes("evaluation_passed", failed_before_another_passed(testing.attestation("evaluationResult").principal))
}

test_fails_when_the_result_of_any_signer_names_no_thresholds if {
	unbound := by_another("evaluationResult", [{"op": "replace", "path": "/predicate/configuration", "value": []}])
	testing.fails("evaluation_passed", testing.with_more([unbound]), {not_newest("another")})
}

test_fails_when_a_failure_calls_itself_a_test_that_nobody_knows if {
	every kind in ["Evaluation", "FAIRNESS", "bias", "", null] {
		failed := by_another("evaluationResult", [
			{"op": "replace", "path": "/predicate/result", "value": "FAILED"},
			{"op": "add", "path": "/predicate/configuration/0/annotations", "value": {"countersign.dev/test": kind}},
		])
		testing.fails("evaluation_passed", testing.with_more([failed]), {failure("another")})
	}
}

test_compares_what_each_signer_measured if {
	worse := by_another("evaluation", [{"op": "replace", "path": "/predicate/metrics/recall", "value": 0.5}])
	document := json.patch(testing.with_more([testing.attestation("evaluation")]), [{
		"op": "replace",
		"path": sprintf("/attestations/%d", [position(facts.passing, "evaluation")]),
		"value": worse,
	}])
	reason := json.patch(
		miss("metric_too_low", "recall", {"at_least": 0.9, "at_most": 1}, 0.5),
		[{"op": "replace", "path": "/params/evaluation", "value": "another"}],
	)
	testing.fails("evaluation_passed", document, {reason})
}

too_early(measured, metric) := {"code": "metric_too_early", "params": {
	"evaluation": measured,
	"kind": "evaluation",
	"metric": metric,
	"thresholds": [facts.evidence.thresholds],
}}

# Measured before the thresholds, and at the usual time by somebody else.
measured_before(metrics, later_metrics) := json.patch(
	testing.with_more([by_another("evaluation", [{"op": "replace", "path": "/predicate/metrics", "value": later_metrics}])]),
	[
		{"op": "replace", "path": concat("", [path, "received_at"]), "value": "2026-02-21T08:05:00.000Z"},
		{"op": "replace", "path": concat("", [path, "predicate/metrics"]), "value": metrics},
	],
) if {
	path := sprintf("/attestations/%d/", [position(facts.passing, "evaluation")])
}

whole := {"roc_auc": 0.99, "recall": 0.95, "latency_p99_ms": 1}

test_fails_when_nobody_measured_after_the_thresholds_came if {
	every later in [{}, {"elegance": 1}] {
		reasons := {too_early(facts.evidence.evaluation, metric) | some metric, _ in whole}
		testing.fails("evaluation_passed", measured_before(whole, later), reasons)
	}
}

test_fails_when_one_metric_was_measured_only_before_the_thresholds_came if {
	document := measured_before(whole, {"roc_auc": 0.99, "recall": 0.95})
	testing.fails("evaluation_passed", document, {too_early(facts.evidence.evaluation, "latency_p99_ms")})
}

test_passes_when_it_was_measured_again_after_the_thresholds_came if {
	testing.passes("evaluation_passed", measured_before(object.union(whole, {"unbound": 1}), whole))
}

test_compares_what_was_measured_before_the_thresholds_came_too if {
	document := measured_before(object.union(whole, {"recall": 0.1}), whole)
	testing.fails("evaluation_passed", document, {miss("metric_too_low", "recall", {"at_least": 0.9, "at_most": 1}, 0.1)})
}

test_keeps_a_value_that_the_same_signer_is_silent_about_later if {
	silent := json.patch(testing.attestation("evaluation"), [
		{"op": "replace", "path": "/evidence", "value": "silent"},
		{"op": "replace", "path": "/predicate/metrics", "value": {"roc_auc": 0.99, "recall": null}},
	])
	better := by_another("evaluation", [{"op": "replace", "path": "/predicate/metrics", "value": whole}])
	low := measured(object.union(whole, {"recall": 0.1}))
	document := json.patch(low, [{"op": "add", "path": "/attestations/-", "value": one} | some one in [silent, better]])
	testing.fails("evaluation_passed", document, {miss("metric_too_low", "recall", {"at_least": 0.9, "at_most": 1}, 0.1)})
}

test_passes_when_each_signer_measures_something_else if {
	partial := by_another("evaluation", [{"op": "replace", "path": "/predicate/metrics", "value": {"latency_p99_ms": 1}}])
	testing.passes("evaluation_passed", testing.with_more([partial]))
}

test_fails_without_an_evaluation if {
	params := {"evidence": facts.evidence.evaluationResult, "kind": "evaluation"}
	reason := {"code": "evaluation_missing", "params": params}
	testing.fails("evaluation_passed", testing.without({"evaluation"}), {reason})
}

test_fails_when_another_model_was_evaluated if {
	document := testing.patched("evaluation", [{"op": "replace", "path": "/inputs/0", "value": facts.digests.previousModel}])
	params := {"evidence": facts.evidence.evaluationResult, "kind": "evaluation"}
	testing.fails("evaluation_passed", document, {{"code": "evaluation_missing", "params": params}})
}

test_measures_by_the_newest_evaluation if {
	newer := json.patch(testing.attestation("evaluation"), [
		{"op": "replace", "path": "/evidence", "value": "newer"},
		{"op": "replace", "path": "/predicate/metrics/recall", "value": 0.5},
	])
	reason := json.patch(
		miss("metric_too_low", "recall", {"at_least": 0.9, "at_most": 1}, 0.5),
		[{"op": "replace", "path": "/params/evaluation", "value": "newer"}],
	)
	testing.fails("evaluation_passed", testing.with_more([newer]), {reason})
}

test_passes_when_evidence_of_another_type_cannot_be_read if {
	testing.passes("evaluation_passed", testing.signed({"scan"}, "unreadable"))
}

test_is_undetermined_when_the_result_cannot_be_read if {
	document := testing.signed({"evaluationResult"}, "unreadable")
	testing.is_undetermined("evaluation_passed", document, {testing.unreadable("evaluationResult")})
}

test_is_undetermined_when_the_thresholds_cannot_be_read if {
	document := testing.signed({"thresholds"}, "unreadable")
	testing.is_undetermined("evaluation_passed", document, {testing.unreadable("thresholds")})
}

test_is_undetermined_when_the_evaluation_cannot_be_read if {
	document := testing.signed({"evaluation"}, "unreadable")
	testing.is_undetermined("evaluation_passed", document, {testing.unreadable("evaluation")})
}
