package countersign.tests.gate

import data.countersign.gate
import data.countersign.testing
import data.countersign.tests.waivers as granting
import data.facts

waived := object.union(
	testing.without({"consent"}),
	{"waivers": {"known": true, "items": [granting.waiver]}},
)

missing := {"code": "consent_missing", "params": {"dataset": facts.digests.dataset}}

verdict_of(id, document) := verdict if {
	result := gate.result with input as document
	some verdict in result.verdicts
	verdict.rule == id
}

test_lets_a_whole_release_through if {
	result := gate.result with input as facts.passing
	count(result.verdicts) == 19
	every verdict in result.verdicts {
		verdict.verdict == "pass"
	}
	result.warnings == []
}

test_answers_in_the_order_of_rule_ids if {
	result := gate.result with input as facts.passing
	ids := [verdict.rule | some verdict in result.verdicts]
	ids == sort(ids)
}

test_asks_only_the_rules_of_the_environment if {
	result := gate.result with input as testing.with_facts({"environment": "experimental"})
	ids := [verdict.rule | some verdict in result.verdicts]
	ids == ["lineage_complete", "manifest_complete", "no_critical_finding", "signature_verified"]
}

test_tells_what_the_catalogue_says_of_a_rule if {
	verdict_of("separation_of_duties", facts.passing) == {
		"rule": "separation_of_duties",
		"verdict": "pass",
		"severity": "critical",
		"controls": ["A.5.3"],
		"effective_on": "2026-01-01T00:00:00.000Z",
		"reasons": [],
		"waiver": null,
	}
}

test_sorts_reasons if {
	document := testing.without({"training", "evaluation", "registration"})
	reasons := verdict_of("manifest_complete", document).reasons
	count(reasons) == 3
	reasons == sort(reasons)
}

test_waives_a_failure_and_says_by_what if {
	verdict := verdict_of("dataset_consent", waived)
	verdict.verdict == "waived"
	verdict.waiver == "waiver-1"
	verdict.reasons == [missing]
}

test_waives_nothing_that_is_not_known if {
	document := json.patch(waived, [{"op": "replace", "path": "/lineage/complete", "value": false}])
	verdict := verdict_of("dataset_consent", document)
	verdict.verdict == "fail"
	verdict.waiver == null
	verdict.reasons == [missing, {"code": "lineage_incomplete", "params": {"code": null}}]
}

test_waives_no_rule_that_does_not_fail if {
	document := object.union(waived, {"attestations": facts.passing.attestations})
	verdict_of("dataset_consent", document).verdict == "pass"
	verdict_of("dataset_consent", document).waiver == null
}

test_waives_nothing_that_is_undetermined if {
	unreadable := testing.signed({"consent"}, "unreadable").attestations
	verdict_of("dataset_consent", object.union(waived, {"attestations": unreadable})).verdict == "undetermined"
}

test_waives_no_unwaivable_rule if {
	waiver := object.union(granting.waiver, {"rule": "signature_verified"})
	document := object.union(testing.signed({"scan"}, "invalid"), {"waivers": {"known": true, "items": [waiver]}})
	verdict_of("signature_verified", document).verdict == "fail"
	verdict_of("signature_verified", document).waiver == null
}

test_keeps_a_failure_when_waivers_could_not_be_read if {
	unread := {"known": false, "code": "DEPENDENCY_UNAVAILABLE", "items": [granting.waiver]}
	verdict := verdict_of("dataset_consent", object.union(testing.without({"consent"}), {"waivers": unread}))
	verdict.verdict == "fail"
	verdict.reasons == [
		missing,
		{"code": "facts_unknown", "params": {"code": "DEPENDENCY_UNAVAILABLE", "facts": "waivers"}},
	]
}

test_does_not_speak_of_unread_waivers_where_none_could_help if {
	unread := {"waivers": {"known": false, "code": "DEPENDENCY_UNAVAILABLE"}}
	verdict := verdict_of("signature_verified", object.union(testing.signed({"scan"}, "invalid"), unread))
	verdict.reasons == [{"code": "signature_invalid", "params": {"evidence": facts.evidence.scan}}]
}

test_warns_before_a_rule_bites if {
	result := gate.result with input as testing.without({"card"})
		with data.countersign.catalog.model_card.effective_on as "2026-02-21T10:00:00.001Z"
	not "model_card" in {verdict.rule | some verdict in result.verdicts}
	[warning.rule | some warning in result.warnings] == ["model_card"]
	result.warnings[0].verdict == "fail"
}

test_bites_from_the_instant_on_that_a_rule_names if {
	result := gate.result with input as testing.without({"card"})
		with data.countersign.catalog.model_card.effective_on as "2026-02-21T10:00:00.000Z"
	"model_card" in {verdict.rule | some verdict in result.verdicts}
	result.warnings == []
}

test_bites_when_the_instant_cannot_be_told if {
	result := gate.result with input as testing.with_facts({"now": "today"})
	count(result.verdicts) == 19
}

test_is_undetermined_when_a_rule_is_missing if {
	verdict := verdict_of("acme_rule", facts.passing) with data.countersign.catalog.acme_rule as {
		"severity": "low",
		"environments": ["production"],
		"phases": ["release"],
		"controls": [],
		"effective_on": "2026-01-01T00:00:00.000Z",
		"waivable": true,
	}
	verdict.verdict == "undetermined"
	verdict.reasons == [{"code": "rule_missing", "params": {}}]
}

test_leaves_the_rules_of_a_request_out_at_release if {
	outcome := gate.outcome("model_card") with input as facts.passing
		with data.countersign.catalog.model_card.phases as ["request"]
	outcome == {"verdict": "not_applicable", "reasons": [{"code": "asked_at_request", "params": {}}], "waiver": null}
}

test_decides_nothing_on_facts_of_another_form if {
	every operation in [
		{"op": "replace", "path": "/version", "value": 2},
		{"op": "replace", "path": "/phase", "value": "rehearsal"},
		{"op": "replace", "path": "/model", "value": {}},
		{"op": "replace", "path": "/model/sha256", "value": 7},
		{"op": "replace", "path": "/attestations", "value": {}},
		{"op": "replace", "path": "/lineage/nodes", "value": []},
		{"op": "remove", "path": "/approvals"},
		{"op": "remove", "path": "/endpoint"},
		{"op": "remove", "path": "/environment"},
		{"op": "remove", "path": "/findings"},
		{"op": "remove", "path": "/image_digest"},
		{"op": "remove", "path": "/now"},
		{"op": "remove", "path": "/promotion"},
		{"op": "remove", "path": "/releases"},
		{"op": "remove", "path": "/requester"},
		{"op": "remove", "path": "/waivers"},
	] {
		not gate.result with input as json.patch(facts.passing, [operation])
	}
}

test_decides_nothing_on_a_list_that_is_neither_read_nor_unread if {
	every name in ["approvals", "findings", "releases", "waivers"] {
		every value in [null, {}, [], {"known": true}, {"known": true, "items": {}}, {"known": "yes", "items": []}, {"items": []}] {
			operation := {"op": "replace", "path": concat("/", ["", name]), "value": value}
			not gate.result with input as json.patch(facts.passing, [operation])
		}
	}
}

test_decides_on_lists_that_could_not_be_read if {
	unread := {name: {"known": false, "code": "LIST_TOO_LONG"} | some name in ["approvals", "findings", "releases", "waivers"]}
	result := gate.result with input as testing.with_facts(unread)
	count(result.verdicts) == 19
}

test_decides_nothing_on_a_model_that_is_no_text if {
	document := json.patch(facts.passing, [
		{"op": "replace", "path": "/model/sha256", "value": 7},
		{"op": "replace", "path": "/lineage/nodes", "value": [7]},
	])
	not gate.result with input as document
}

test_decides_nothing_without_its_data if {
	not gate.result with input as facts.passing with data.countersign.config.approvals.max_age_days as null
	not gate.result with input as facts.passing with data.countersign.config.approvals.required_roles as null
	not gate.result with input as facts.passing with data.countersign.config.findings as {}
	not gate.result with input as facts.passing with data.countersign.config.images.limits as null
	not gate.result with input as facts.passing with data.countersign.config.images.max_scan_age_days as null
	not gate.result with input as facts.passing with data.countersign.config.manifests.required_stages as null
	not gate.result with input as facts.passing with data.countersign.config.manifests.required_fields as null
	not gate.result with input as facts.passing with data.countersign.config.model_cards.required_metrics as null
	not gate.result with input as facts.passing with data.countersign.config.model_cards.spec_versions as null
	not gate.result with input as facts.passing with data.countersign.config.privacy as {}
	not gate.result with input as facts.passing with data.countersign.config.waivers as {}
}
