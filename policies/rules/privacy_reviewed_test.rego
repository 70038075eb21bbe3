package countersign.tests.privacy_reviewed

import data.countersign.testing
import data.facts

missing := {"code": "privacy_review_missing", "params": {"dataset": facts.digests.dataset, "roles": ["privacy-officer"]}}

unstated := {"code": "personal_data_unstated", "params": {"dataset": facts.digests.dataset}}

unreviewed := testing.without({"privacy"})

stating(value) := json.patch(unreviewed, [{
	"op": "replace",
	"path": sprintf("/attestations/%d/predicate/attributes/0/conditions/personal_data", [position("consent")]),
	"value": value,
}])

position(name) := [i | some i, attestation in unreviewed.attestations; attestation.evidence == facts.evidence[name]][0]

with_personal_data(document) := json.patch(document, [{
	"op": "add",
	"path": "/attestations/-",
	"value": object.union(testing.attestation("encryption"), {
		"evidence": "personal data",
		"subjects": [facts.digests.dataset],
		"predicate": {"attributes": [{"attribute": "PERSONAL_DATA"}]},
	}),
}])

test_passes_when_the_privacy_officer_reviewed if testing.passes("privacy_reviewed", facts.passing)

test_passes_when_reviewed_though_nobody_states_whether_data_is_personal if {
	document := testing.patched("consent", [{"op": "remove", "path": "/predicate/attributes/0/conditions"}])
	testing.passes("privacy_reviewed", document)
}

test_fails_when_personal_data_was_not_reviewed if testing.fails("privacy_reviewed", unreviewed, {missing})

test_fails_when_another_role_reviewed if {
	document := testing.patched("privacy", [{"op": "replace", "path": "/signature/role", "value": "producer"}])
	testing.fails("privacy_reviewed", document, {missing})
}

denied(digest, report) := {"code": "privacy_review_denied", "params": {"dataset": digest, "evidence": report}}

review(changes) := object.union(testing.attestation("privacy"), changes)

refusing(changes) := review(object.union(
	{"evidence": "later", "predicate": {"attributes": [{"attribute": "PRIVACY_REVIEWED", "conditions": {"approved": false}}]}},
	changes,
))

test_fails_when_the_review_denies if {
	testing.fails("privacy_reviewed", testing.with_more([refusing({})]), {denied(facts.digests.dataset, "later")})
}

test_fails_when_a_reviewer_of_another_role_denies if {
	refusal := refusing({"principal": "somebody-else", "signature": {"state": "verified", "role": "producer"}})
	testing.fails("privacy_reviewed", testing.with_more([refusal]), {denied(facts.digests.dataset, "later")})
}

test_fails_when_somebody_denies_the_use_of_data_that_was_made_from_other if {
	document := testing.with_more([refusing({"subjects": [facts.digests.train]})])
	testing.fails("privacy_reviewed", document, {denied(facts.digests.train, "later")})
}

test_passes_when_the_use_of_other_data_is_denied if {
	testing.passes("privacy_reviewed", testing.with_more([refusing({"subjects": [facts.digests.holdout]})]))
}

test_passes_when_who_denied_approves_later if {
	testing.passes("privacy_reviewed", testing.with_more([refusing({}), review({"evidence": "last"})]))
}

test_passes_when_who_called_the_data_personal_takes_it_back if {
	withdrawn := object.union(testing.attestation("encryption"), {
		"evidence": "withdrawn",
		"subjects": [facts.digests.dataset],
		"predicate": {"attributes": [{"attribute": "PERSONAL_DATA", "conditions": {"withdrawn": true}}]},
	})
	taken_back := json.patch(with_personal_data(stating(false)), [{"op": "add", "path": "/attestations/-", "value": withdrawn}])
	testing.does_not_apply("privacy_reviewed", taken_back, "no_personal_data")
	by_another := json.patch(with_personal_data(stating(false)), [{
		"op": "add",
		"path": "/attestations/-",
		"value": object.union(withdrawn, {"principal": "somebody-else"}),
	}])
	testing.fails("privacy_reviewed", by_another, {missing})
}

test_fails_when_the_officer_asserts_another_attribute if {
	operation := {"op": "replace", "path": "/predicate/attributes/0/attribute", "value": "PRIVACY_REVIEW_BEGUN"}
	testing.fails("privacy_reviewed", testing.patched("privacy", [operation]), {missing})
}

test_fails_when_personal_data_is_asserted_by_an_attribute if {
	testing.fails("privacy_reviewed", with_personal_data(stating("unsure")), {missing})
}

test_fails_when_one_says_personal_and_another_says_not if {
	testing.fails("privacy_reviewed", with_personal_data(stating(false)), {missing})
}

personal_when_derived(document) := json.patch(document, [{
	"op": "add",
	"path": "/attestations/-",
	"value": object.union(testing.attestation("encryption"), {
		"evidence": "personal data",
		"subjects": [facts.digests.train, facts.digests.holdout],
		"predicate": {"attributes": [{"attribute": "PERSONAL_DATA"}]},
	}),
}])

missing_of_derived := {"code": missing.code, "params": object.union(missing.params, {"dataset": facts.digests.train})}

test_fails_when_a_data_set_became_personal_on_the_way if {
	testing.fails("privacy_reviewed", personal_when_derived(facts.passing), {missing_of_derived})
	testing.fails("privacy_reviewed", personal_when_derived(stating(false)), {missing_of_derived})
}

test_does_not_apply_when_the_data_is_said_not_to_be_personal if {
	testing.does_not_apply("privacy_reviewed", stating(false), "no_personal_data")
}

test_is_undetermined_when_nobody_states_whether_data_is_personal if {
	testing.is_undetermined("privacy_reviewed", stating("unsure"), {unstated})
}

test_is_undetermined_when_only_those_without_a_say_call_the_data_impersonal if {
	report := object.union(testing.attestation("encryption"), {
		"evidence": "other",
		"predicate": {"attributes": [{"attribute": "ENCRYPTED_AT_REST", "conditions": {"personal_data": false}}]},
	})
	document := json.patch(stating("unsure"), [{"op": "add", "path": "/attestations/-", "value": report}])
	testing.is_undetermined("privacy_reviewed", document, {unstated})
}

test_is_undetermined_when_the_review_cannot_be_read if {
	document := testing.signed({"privacy"}, "unreadable")
	testing.is_undetermined("privacy_reviewed", document, {testing.unreadable("privacy")})
}

test_is_undetermined_when_what_may_say_personal_cannot_be_read if {
	unreadable := testing.signed({"encryption", "privacy"}, "unreadable")
	document := json.patch(unreadable, [{"op": "replace", "path": consent_path(unreadable), "value": false}])
	reasons := {testing.unreadable("encryption"), testing.unreadable("privacy")}
	testing.is_undetermined("privacy_reviewed", document, reasons)
}

consent_path(document) := [path |
	some i, attestation in document.attestations
	attestation.evidence == facts.evidence.consent
	path := sprintf("/attestations/%d/predicate/attributes/0/conditions/personal_data", [i])
][0]

test_is_undetermined_when_what_may_take_the_review_back_cannot_be_read if {
	document := testing.signed({"encryption"}, "unreadable")
	testing.is_undetermined("privacy_reviewed", document, {testing.unreadable("encryption")})
}

test_is_undetermined_when_no_data_set_is_known if {
	reason := {"code": "datasets_unknown", "params": {"model": facts.digests.model}}
	testing.is_undetermined("privacy_reviewed", testing.without({"training"}), {reason})
}
