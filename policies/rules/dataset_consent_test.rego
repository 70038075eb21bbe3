package countersign.tests.dataset_consent

import data.countersign.testing
import data.facts

missing := {"code": "consent_missing", "params": {"dataset": facts.digests.dataset}}

test_passes_when_every_source_may_be_used if testing.passes("dataset_consent", facts.passing)

test_passes_when_the_report_names_no_target if {
	document := testing.patched("consent", [{"op": "remove", "path": "/predicate/attributes/0/target"}])
	testing.passes("dataset_consent", document)
}

test_passes_when_the_target_is_null if {
	document := testing.patched("consent", [{"op": "replace", "path": "/predicate/attributes/0/target", "value": null}])
	testing.passes("dataset_consent", document)
}

test_fails_when_nobody_consents if testing.fails("dataset_consent", testing.without({"consent"}), {missing})

test_fails_when_ingested_data_is_passed_off_as_made_from_other if {
	outputs := [facts.digests.dataset, facts.digests.train]
	document := testing.patched("ingest", [{"op": "replace", "path": "/outputs", "value": outputs}])
	laundered := {"code": missing.code, "params": {"dataset": facts.digests.train}}
	testing.fails("dataset_consent", document, {laundered})
}

denied(digest, report) := {"code": "consent_denied", "params": {"dataset": digest, "evidence": report}}

conditioned(conditions) := json.patch(
	testing.attestation("consent"),
	[{"op": "replace", "path": "/predicate/attributes/0/conditions", "value": conditions}],
)

# Said later, by the same signer or by another.
later(report, signer) := object.union(report, {"evidence": "later", "principal": signer})

officer := testing.attestation("consent").principal

test_fails_when_the_consent_says_no if {
	every conditions in [{"granted": false}, {"granted": "no"}, {"granted": null}, {"approved": false}, {"withdrawn": true}, {"withdrawn": "2026-02-21"}] {
		operation := {"op": "replace", "path": "/predicate/attributes/0/conditions", "value": conditions}
		testing.fails("dataset_consent", testing.patched("consent", [operation]), {denied(facts.digests.dataset, facts.evidence.consent)})
	}
}

test_passes_when_the_consent_says_yes if {
	every conditions in [{"granted": true}, {"approved": true, "withdrawn": false}, {}, null] {
		operation := {"op": "replace", "path": "/predicate/attributes/0/conditions", "value": conditions}
		testing.passes("dataset_consent", testing.patched("consent", [operation]))
	}
}

test_fails_when_the_consent_is_withdrawn_later if {
	every signer in [officer, "somebody-else"] {
		document := testing.with_more([later(conditioned({"withdrawn": true}), signer)])
		testing.fails("dataset_consent", document, {denied(facts.digests.dataset, "later")})
	}
}

test_fails_when_another_consents_after_one_denied if {
	no := testing.patched("consent", [{"op": "add", "path": "/predicate/attributes/0/conditions/granted", "value": false}])
	yes := later(testing.attestation("consent"), "somebody-else")
	document := json.patch(no, [{"op": "add", "path": "/attestations/-", "value": yes}])
	testing.fails("dataset_consent", document, {denied(facts.digests.dataset, facts.evidence.consent)})
}

test_passes_when_who_denied_consents_later if {
	no := testing.patched("consent", [{"op": "add", "path": "/predicate/attributes/0/conditions/granted", "value": false}])
	yes := later(testing.attestation("consent"), officer)
	testing.passes("dataset_consent", json.patch(no, [{"op": "add", "path": "/attestations/-", "value": yes}]))
}

test_hears_the_no_of_a_report_that_says_both if {
	both := [
		testing.attestation("consent").predicate.attributes[0],
		conditioned({"granted": false}).predicate.attributes[0],
	]
	every attributes in [both, array.reverse(both)] {
		document := testing.patched("consent", [{"op": "replace", "path": "/predicate/attributes", "value": attributes}])
		testing.fails("dataset_consent", document, {denied(facts.digests.dataset, facts.evidence.consent)})
	}
}

test_keeps_the_consent_when_the_signer_denies_other_data_later if {
	report := object.union(
		later(conditioned({"granted": false}), officer),
		{"subjects": [facts.digests.holdout], "predicate": {"attributes": [{"attribute": "DATASET_CONSENT", "conditions": {"granted": false}}]}},
	)
	testing.passes("dataset_consent", testing.with_more([report]))
}

test_fails_when_somebody_denies_the_use_of_data_that_was_made_from_other if {
	report := object.union(
		later(conditioned({"granted": false}), officer),
		{"subjects": [facts.digests.train], "predicate": {"attributes": [{"attribute": "DATASET_CONSENT", "conditions": {"granted": false}}]}},
	)
	testing.fails("dataset_consent", testing.with_more([report]), {denied(facts.digests.train, "later")})
}

test_fails_when_another_attribute_is_asserted if {
	operation := {"op": "replace", "path": "/predicate/attributes/0/attribute", "value": "DATASET_CONSENT_ASKED"}
	testing.fails("dataset_consent", testing.patched("consent", [operation]), {missing})
}

test_fails_when_the_report_is_about_other_data if {
	operations := [
		{"op": "remove", "path": "/predicate/attributes/0/target"},
		{"op": "replace", "path": "/subjects", "value": [facts.digests.holdout]},
	]
	testing.fails("dataset_consent", testing.patched("consent", operations), {missing})
}

test_fails_when_the_target_is_other_data_than_the_subject if {
	path := "/predicate/attributes/0/target/digest/sha256"
	document := testing.patched("consent", [{"op": "replace", "path": path, "value": facts.digests.train}])
	testing.fails("dataset_consent", document, {missing})
}

test_fails_when_the_target_has_no_digest if {
	operation := {"op": "replace", "path": "/predicate/attributes/0/target", "value": {"uri": "s3://bucket/dataset.csv"}}
	testing.fails("dataset_consent", testing.patched("consent", [operation]), {missing})
}

test_counts_no_state_but_verified if {
	every state in ["unsigned", "key_revoked", "invalid"] {
		testing.fails("dataset_consent", testing.signed({"consent"}, state), {missing})
	}
}

test_counts_no_other_predicate_type if {
	document := testing.patched("consent", [{"op": "replace", "path": "/predicate_type", "value": "https://example.com/scai"}])
	testing.fails("dataset_consent", document, {missing})
}

test_is_undetermined_when_the_consent_cannot_be_read if {
	document := testing.signed({"consent"}, "unreadable")
	testing.is_undetermined("dataset_consent", document, {testing.unreadable("consent")})
}

test_is_undetermined_when_what_may_take_the_consent_back_cannot_be_read if {
	document := testing.signed({"encryption"}, "unreadable")
	testing.is_undetermined("dataset_consent", document, {testing.unreadable("encryption")})
}

test_is_undetermined_when_the_lineage_was_not_followed_to_its_end if {
	lineage := object.union(facts.passing.lineage, {"complete": false, "code": "LINEAGE_TOO_LARGE"})
	reason := {"code": "lineage_incomplete", "params": {"code": "LINEAGE_TOO_LARGE"}}
	testing.is_undetermined("dataset_consent", testing.with_facts({"lineage": lineage}), {reason})
}

test_is_undetermined_when_no_data_set_is_known if {
	reason := {"code": "datasets_unknown", "params": {"model": facts.digests.model}}
	testing.is_undetermined("dataset_consent", testing.without({"training"}), {reason})
}
