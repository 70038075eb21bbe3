package countersign.tests.fairness_evaluated

import data.countersign.testing
import data.facts

card_path := "/predicate/metadata/component/modelCard"

assessed := {"op": "replace", "path": concat("", [card_path, "/considerations/fairnessAssessments"]), "value": []}

stated(value) := {"op": "replace", "path": concat("", [card_path, "/properties/0/value"]), "value": value}

unstated := {"code": "affects_people_unstated", "params": {"model": facts.digests.model}}

# Without its result, so that the rule fails wherever it applies.
unmeasured(operations) := json.patch(document, [{"op": "remove", "path": sprintf("/attestations/%d", [i])}]) if {
	document := testing.patched("card", operations)
	some i, attestation in document.attestations
	attestation.evidence == facts.evidence.fairnessResult
}

missing := {"code": "test_result_missing", "params": {"kind": "fairness", "model": facts.digests.model}}

test_passes_when_fairness_was_measured if testing.passes("fairness_evaluated", facts.passing)

test_fails_when_it_was_not_measured if testing.fails("fairness_evaluated", unmeasured([]), {missing})

test_applies_when_only_an_assessment_says_so if {
	testing.fails("fairness_evaluated", unmeasured([stated("false")]), {missing})
}

test_applies_when_only_the_property_says_so if {
	testing.fails("fairness_evaluated", unmeasured([assessed]), {missing})
}

test_applies_when_one_of_two_properties_says_so if {
	other := {"name": "countersign:affects_people", "value": "false"}
	operation := {"op": "add", "path": concat("", [card_path, "/properties/-"]), "value": other}
	testing.fails("fairness_evaluated", unmeasured([assessed, operation]), {missing})
}

test_does_not_apply_when_the_card_says_that_nobody_is_affected if {
	testing.does_not_apply("fairness_evaluated", unmeasured([assessed, stated("false")]), "no_people_affected")
}

test_does_not_apply_though_results_cannot_be_read if {
	silent := testing.patched("card", [assessed, stated("false")])
	unreadable := testing.signed({"fairnessResult"}, "unreadable")
	document := object.union(silent, {"attestations": array.concat(
		silent.attestations,
		[attestation | some attestation in unreadable.attestations; attestation.signature.state == "unreadable"],
	)})
	testing.does_not_apply("fairness_evaluated", document, "no_people_affected")
}

newer_card(operations) := json.patch(
	testing.attestation("card"),
	array.concat(
		[
			{"op": "replace", "path": "/evidence", "value": "newer"},
			{"op": "replace", "path": "/principal", "value": "somebody-else"},
		],
		operations,
	),
)

with_card(document, card) := json.patch(document, [{"op": "add", "path": "/attestations/-", "value": card}])

test_applies_when_only_the_older_card_of_another_signer_says_so if {
	document := with_card(unmeasured([]), newer_card([assessed, stated("false")]))
	testing.fails("fairness_evaluated", document, {missing})
}

test_applies_when_only_the_newer_card_of_another_signer_says_so if {
	document := with_card(unmeasured([assessed, stated("false")]), newer_card([]))
	testing.fails("fairness_evaluated", document, {missing})
}

test_does_not_apply_when_the_same_signer_says_later_that_nobody_is_affected if {
	own := json.patch(newer_card([assessed, stated("false")]), [{
		"op": "replace",
		"path": "/principal",
		"value": testing.attestation("card").principal,
	}])
	testing.does_not_apply("fairness_evaluated", with_card(unmeasured([]), own), "no_people_affected")
}

test_is_undetermined_when_the_card_of_one_of_two_signers_says_nothing if {
	document := with_card(unmeasured([assessed, stated("false")]), newer_card([assessed, stated("perhaps")]))
	testing.is_undetermined("fairness_evaluated", document, {unstated})
}

test_is_undetermined_when_the_card_says_nothing if {
	operation := {"op": "remove", "path": concat("", [card_path, "/properties"])}
	testing.is_undetermined("fairness_evaluated", unmeasured([assessed, operation]), {unstated})
}

test_is_undetermined_when_another_property_says_something if {
	operation := {"op": "replace", "path": concat("", [card_path, "/properties/0/name"]), "value": "affects_people"}
	testing.is_undetermined("fairness_evaluated", unmeasured([assessed, operation]), {unstated})
}

test_is_undetermined_when_the_card_says_neither_yes_nor_no if {
	testing.is_undetermined("fairness_evaluated", unmeasured([assessed, stated("maybe")]), {unstated})
}

test_is_undetermined_without_a_card if {
	testing.is_undetermined("fairness_evaluated", testing.without({"card"}), {unstated})
}

test_is_undetermined_when_the_card_cannot_be_read if {
	document := testing.signed({"card"}, "unreadable")
	testing.is_undetermined("fairness_evaluated", document, {testing.unreadable("card"), unstated})
}

test_is_undetermined_when_a_newer_card_cannot_be_read if {
	document := json.patch(facts.passing, [{"op": "add", "path": "/attestations/-", "value": {
		"evidence": facts.evidence.card,
		"outputs": [],
		"predicate_type": "https://cyclonedx.org/bom",
		"signature": {"state": "unreadable"},
	}}])
	testing.is_undetermined("fairness_evaluated", document, {testing.unreadable("card")})
}

test_fails_when_a_measurement_misses_its_threshold if {
	operation := {"op": "replace", "path": "/predicate/metrics/recall_gap", "value": 0.2}
	params := {
		"bounds": {"at_most": 0.05},
		"evaluation": facts.evidence.evaluation,
		"kind": "fairness",
		"metric": "recall_gap",
		"thresholds": facts.evidence.fairnessThresholds,
		"value": 0.2,
	}
	document := testing.patched("evaluation", [operation])
	testing.fails("fairness_evaluated", document, {{"code": "metric_too_high", "params": params}})
}

test_fails_when_the_result_is_of_another_kind if {
	path := "/predicate/configuration/0/annotations/countersign.dev~1test"
	document := testing.patched("fairnessResult", [{"op": "replace", "path": path, "value": "bias"}])
	testing.fails("fairness_evaluated", document, {missing})
}

test_is_undetermined_when_the_measurements_cannot_be_read if {
	every name in ["fairnessResult", "fairnessThresholds", "evaluation"] {
		document := testing.signed({name}, "unreadable")
		testing.is_undetermined("fairness_evaluated", document, {testing.unreadable(name)})
	}
}
