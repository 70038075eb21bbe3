package countersign.tests.explainability_report

import data.countersign.testing
import data.facts

missing := {"code": "test_result_missing", "params": {"kind": "explainability", "model": facts.digests.model}}

result(value) := testing.patched("explainabilityResult", [{"op": "replace", "path": "/predicate/result", "value": value}])

test_passes_when_the_report_passed if testing.passes("explainability_report", facts.passing)

test_passes_when_the_report_warned if testing.passes("explainability_report", result("WARNED"))

unnamed := {"code": "report_unnamed", "params": {"evidence": facts.evidence.explainabilityResult}}

entry(digest, kind) := {"digest": {"sha256": digest}, "annotations": {"countersign.dev/test": kind}}

configured(entries) := testing.patched(
	"explainabilityResult",
	[{"op": "replace", "path": "/predicate/configuration", "value": entries}],
)

test_fails_when_the_result_names_no_report if {
	silent := {"annotations": {"countersign.dev/test": "explainability"}}
	every entries in [
		[silent],
		[entry("", "explainability")],
		[entry("abc", "explainability")],
		[silent, entry(facts.digests.explanation, "fairness")],
		[entry(facts.digests.explanation, "explainability"), entry(facts.digests.explanation, "fairness")],
		[entry(facts.digests.explanation, "explainability"), {"digest": {"sha256": facts.digests.explanation}}],
	] {
		testing.fails("explainability_report", configured(entries), {unnamed})
	}
}

test_passes_when_a_result_of_several_kinds_names_a_report_of_its_own if {
	entries := [
		entry(facts.digests.thresholds, "evaluation"),
		entry(facts.digests.explanation, "explainability"),
	]
	testing.passes("explainability_report", configured(entries))
}

test_fails_when_the_newest_result_of_any_signer_names_no_report if {
	another := json.patch(testing.attestation("explainabilityResult"), [
		{"op": "replace", "path": "/evidence", "value": "another"},
		{"op": "replace", "path": "/principal", "value": "somebody-else"},
		{"op": "remove", "path": "/predicate/configuration/0/digest"},
	])
	reason := {"code": "report_unnamed", "params": {"evidence": "another"}}
	testing.fails("explainability_report", testing.with_more([another]), {reason})
}

test_fails_when_there_is_none if {
	testing.fails("explainability_report", testing.without({"explainabilityResult"}), {missing})
}

test_fails_when_the_report_is_about_another_model if {
	operation := {"op": "replace", "path": "/subjects", "value": [facts.digests.previousModel]}
	testing.fails("explainability_report", testing.patched("explainabilityResult", [operation]), {missing})
}

test_fails_when_the_report_failed if {
	operations := [
		{"op": "replace", "path": "/predicate/result", "value": "FAILED"},
		{"op": "replace", "path": "/predicate/failedTests", "value": ["stability"]},
	]
	params := {"evidence": facts.evidence.explainabilityResult, "failed": ["stability"], "found": 1, "kind": "explainability"}
	document := testing.patched("explainabilityResult", operations)
	testing.fails("explainability_report", document, {{"code": "test_result_failed", "params": params}})
}

test_counts_failed_tests_and_names_the_first if {
	names := [sprintf("test-%d", [i]) | some i in numbers.range(1, 11)]
	operations := [
		{"op": "replace", "path": "/predicate/result", "value": "FAILED"},
		{"op": "add", "path": "/predicate/failedTests", "value": names},
	]
	reason := {"code": "test_result_failed", "params": {
		"evidence": facts.evidence.explainabilityResult,
		"failed": array.slice(names, 0, 10),
		"found": 11,
		"kind": "explainability",
	}}
	testing.fails("explainability_report", testing.patched("explainabilityResult", operations), {reason})
}

test_fails_when_the_failed_tests_are_no_list if {
	operations := [
		{"op": "replace", "path": "/predicate/result", "value": "FAILED"},
		{"op": "add", "path": "/predicate/failedTests", "value": null},
	]
	params := {"evidence": facts.evidence.explainabilityResult, "failed": [], "found": 0, "kind": "explainability"}
	document := testing.patched("explainabilityResult", operations)
	testing.fails("explainability_report", document, {{"code": "test_result_failed", "params": params}})
}

test_fails_when_the_report_names_no_failed_tests if {
	operations := [
		{"op": "replace", "path": "/predicate/result", "value": "FAILED"},
		{"op": "remove", "path": "/predicate/failedTests"},
	]
	params := {"evidence": facts.evidence.explainabilityResult, "failed": [], "found": 0, "kind": "explainability"}
	document := testing.patched("explainabilityResult", operations)
	testing.fails("explainability_report", document, {{"code": "test_result_failed", "params": params}})
}

test_believes_the_newest_report if {
	failed := json.patch(testing.attestation("explainabilityResult"), [
		{"op": "replace", "path": "/evidence", "value": "newer"},
		{"op": "replace", "path": "/predicate/result", "value": "FAILED"},
	])
	params := {"evidence": "newer", "failed": [], "found": 0, "kind": "explainability"}
	testing.fails("explainability_report", testing.with_more([failed]), {{"code": "test_result_failed", "params": params}})
}

test_is_undetermined_when_the_report_cannot_be_read if {
	document := testing.signed({"explainabilityResult"}, "unreadable")
	testing.is_undetermined("explainability_report", document, {testing.unreadable("explainabilityResult")})
}

test_is_undetermined_when_a_newer_result_cannot_be_read if {
	document := testing.signed({"fairnessResult"}, "unreadable")
	testing.is_undetermined("explainability_report", document, {testing.unreadable("fairnessResult")})
}
