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

test_passes_when_another_report_cannot_be_read if {
	testing.passes("dataset_consent", testing.signed({"encryption"}, "unreadable"))
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
