package countersign.tests.encryption_at_rest

import data.countersign.testing
import data.facts

of_dataset(digest) := {"code": "dataset_encryption_missing", "params": {"dataset": digest}}

of_source := of_dataset(facts.digests.dataset)

of_derived := of_dataset(facts.digests.train)

of_model := {"code": "model_encryption_missing", "params": {"model": facts.digests.model}}

only_about(digests) := testing.patched("encryption", [{"op": "replace", "path": "/subjects", "value": digests}])

test_passes_when_model_and_data_are_encrypted if testing.passes("encryption_at_rest", facts.passing)

test_fails_when_nothing_is_attested if {
	testing.fails("encryption_at_rest", testing.without({"encryption"}), {of_source, of_derived, of_model})
}

test_fails_when_only_the_model_is_encrypted if {
	testing.fails("encryption_at_rest", only_about([facts.digests.model]), {of_source, of_derived})
}

test_fails_when_only_the_data_is_encrypted if {
	testing.fails("encryption_at_rest", only_about([facts.digests.dataset, facts.digests.train]), {of_model})
}

test_fails_when_a_copy_is_not_encrypted if {
	testing.fails("encryption_at_rest", only_about([facts.digests.model, facts.digests.dataset]), {of_derived})
}

test_fails_when_the_source_of_a_copy_is_not_encrypted if {
	testing.fails("encryption_at_rest", only_about([facts.digests.model, facts.digests.train]), {of_source})
}

test_fails_when_it_is_taken_back if {
	withdrawn := json.patch(testing.attestation("encryption"), [
		{"op": "replace", "path": "/subjects", "value": [facts.digests.model]},
		{"op": "add", "path": "/predicate/attributes/0/conditions", "value": {"withdrawn": true}},
	])
	testing.fails("encryption_at_rest", testing.with_more([withdrawn]), {of_model})
}

test_is_undetermined_when_the_report_cannot_be_read if {
	document := testing.signed({"encryption"}, "unreadable")
	testing.is_undetermined("encryption_at_rest", document, {testing.unreadable("encryption")})
}

test_is_undetermined_when_what_may_take_it_back_cannot_be_read if {
	document := testing.signed({"privacy"}, "unreadable")
	testing.is_undetermined("encryption_at_rest", document, {testing.unreadable("privacy")})
}

test_is_undetermined_when_no_data_set_is_known if {
	reason := {"code": "datasets_unknown", "params": {"model": facts.digests.model}}
	testing.is_undetermined("encryption_at_rest", testing.without({"training"}), {reason})
}
