package countersign.tests.instrumentation_attested

import data.countersign.testing
import data.facts

missing := {"code": "instrumentation_missing", "params": {"model": facts.digests.model}}

test_passes_when_the_model_is_instrumented if testing.passes("instrumentation_attested", facts.passing)

test_fails_when_nobody_attests_it if {
	testing.fails("instrumentation_attested", testing.without({"instrumentation"}), {missing})
}

test_fails_when_another_model_is_instrumented if {
	operation := {"op": "replace", "path": "/subjects", "value": [facts.digests.previousModel]}
	testing.fails("instrumentation_attested", testing.patched("instrumentation", [operation]), {missing})
}

test_fails_when_somebody_takes_it_back if {
	withdrawn := json.patch(testing.attestation("instrumentation"), [
		{"op": "replace", "path": "/principal", "value": "somebody-else"},
		{"op": "add", "path": "/predicate/attributes/0/conditions", "value": {"withdrawn": true}},
	])
	testing.fails("instrumentation_attested", testing.with_more([withdrawn]), {missing})
}

test_is_undetermined_when_the_report_cannot_be_read if {
	document := testing.signed({"instrumentation"}, "unreadable")
	testing.is_undetermined("instrumentation_attested", document, {testing.unreadable("instrumentation")})
}

test_is_undetermined_when_what_may_take_it_back_cannot_be_read if {
	document := testing.signed({"privacy"}, "unreadable")
	testing.is_undetermined("instrumentation_attested", document, {testing.unreadable("privacy")})
}
