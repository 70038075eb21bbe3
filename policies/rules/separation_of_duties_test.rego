package countersign.tests.separation_of_duties

import data.countersign.testing
import data.facts

owner := facts.passing.approvals.items[0]

by(person) := testing.with_facts({"approvals": {"known": true, "items": [object.union(owner, {"person": person})]}})

conflict(person, duty) := {"code": "approver_has_other_duty", "params": {
	"duty": duty,
	"evidence": owner.evidence,
	"person": person,
}}

committers_unknown := {"code": "committer_unknown", "params": {"model": facts.digests.model}}

dependencies_path := "/predicate/buildDefinition/resolvedDependencies"

dependencies(operations) := testing.patched("provenance", operations)

test_passes_when_nobody_has_two_duties if testing.passes("separation_of_duties", facts.passing)

test_fails_when_the_requester_approves if {
	testing.fails("separation_of_duties", by("person-grace"), {conflict("person-grace", "requester")})
}

test_fails_when_the_committer_approves if {
	testing.fails("separation_of_duties", by("person-ada"), {conflict("person-ada", "committer")})
}

test_fails_when_who_has_another_duty_approves_by_another_spelling if {
	testing.fails("separation_of_duties", by("Person-Grace "), {conflict("Person-Grace ", "requester")})
	testing.fails("separation_of_duties", by("PERSON-ADA"), {conflict("PERSON-ADA", "committer")})
	testing.fails("separation_of_duties", by("Training-Pipeline"), {conflict("Training-Pipeline", "producer")})
}

test_fails_when_the_committer_is_spelt_otherwise if {
	path := concat("", [dependencies_path, "/0/annotations/countersign.dev~1committer"])
	changed := testing.patched("provenance", [{"op": "replace", "path": path, "value": "Person-Edsger"}])
	reason := conflict("person-edsger", "committer")
	testing.fails("separation_of_duties", changed, {reason})
}

test_is_undetermined_when_the_committer_is_no_name if {
	path := concat("", [dependencies_path, "/0/annotations/countersign.dev~1committer"])
	every value in ["", " ", null, false, 7, {"name": "ada"}] {
		document := dependencies([{"op": "replace", "path": path, "value": value}])
		testing.is_undetermined("separation_of_duties", document, {committers_unknown})
	}
}

test_fails_when_the_producer_of_the_model_approves if {
	testing.fails("separation_of_duties", by("training-pipeline"), {conflict("training-pipeline", "producer")})
}

test_fails_when_the_producer_of_the_data_approves if {
	document := object.union(by("person-don"), {"attestations": produced_by("ingest", "person-don")})
	testing.fails("separation_of_duties", document, {conflict("person-don", "producer")})
}

produced_by(name, principal) := testing.patched(
	name,
	[{"op": "replace", "path": "/principal", "value": principal}],
).attestations

test_passes_when_a_reviewer_of_the_data_approves if testing.passes("separation_of_duties", by("privacy-officer"))

test_passes_when_who_measured_the_model_approves if testing.passes("separation_of_duties", by("evaluation-pipeline"))

test_ignores_an_approval_of_another_model if {
	document := json.patch(by("person-grace"), [{
		"op": "replace",
		"path": "/approvals/items/0/model",
		"value": facts.digests.previousModel,
	}])
	testing.passes("separation_of_duties", document)
}

test_passes_when_the_requester_rejects if {
	no := object.union(owner, {"person": "person-grace", "decision": "rejected"})
	testing.passes("separation_of_duties", testing.with_facts({"approvals": {"known": true, "items": [no]}}))
}

test_is_undetermined_when_the_committer_is_not_named if {
	document := dependencies([{"op": "remove", "path": concat("", [dependencies_path, "/0/annotations"])}])
	testing.is_undetermined("separation_of_duties", document, {committers_unknown})
}

test_is_undetermined_when_provenance_names_another_commit if {
	path := concat("", [dependencies_path, "/0/digest/gitCommit"])
	document := dependencies([{"op": "replace", "path": path, "value": "0123456789"}])
	testing.is_undetermined("separation_of_duties", document, {committers_unknown})
}

test_is_undetermined_when_the_training_names_no_commit if {
	document := testing.patched("training", [{"op": "replace", "path": "/commits", "value": []}])
	testing.is_undetermined("separation_of_duties", document, {committers_unknown})
}

test_is_undetermined_without_a_training if {
	testing.is_undetermined("separation_of_duties", testing.without({"training"}), {committers_unknown})
}

test_is_undetermined_when_the_code_of_one_of_two_trainings_is_not_named if {
	another := object.union(testing.attestation("training"), {"principal": "somebody-else", "commits": ["0123456789"]})
	testing.is_undetermined("separation_of_duties", testing.with_more([another]), {committers_unknown})
}

test_is_undetermined_when_one_of_two_committers_is_not_named if {
	another := {"digest": {"gitCommit": "ab"}}
	document := dependencies([{"op": "add", "path": concat("", [dependencies_path, "/-"]), "value": another}])
	testing.is_undetermined("separation_of_duties", document, {committers_unknown})
}

test_is_undetermined_without_a_commit if {
	document := dependencies([{"op": "remove", "path": concat("", [dependencies_path, "/0"])}])
	testing.is_undetermined("separation_of_duties", document, {committers_unknown})
}

test_is_undetermined_when_the_provenance_is_of_another_model if {
	document := dependencies([{"op": "replace", "path": "/subjects", "value": [facts.digests.previousModel]}])
	testing.is_undetermined("separation_of_duties", document, {committers_unknown})
}

test_is_undetermined_when_the_requester_is_not_known if {
	reason := {"code": "requester_unknown", "params": {}}
	testing.is_undetermined("separation_of_duties", testing.with_facts({"requester": null}), {reason})
}

test_is_undetermined_when_approvals_could_not_be_read if {
	reason := {"code": "facts_unknown", "params": {"code": null, "facts": "approvals"}}
	testing.is_undetermined("separation_of_duties", testing.with_facts({"approvals": {"known": false}}), {reason})
}

test_is_asked_at_release if {
	testing.does_not_apply("separation_of_duties", testing.with_facts({"phase": "request"}), "asked_at_release")
}
