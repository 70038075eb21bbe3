package countersign.tests.commit_recorded

import data.countersign.testing
import data.facts

test_passes_when_the_training_names_a_commit if testing.passes("commit_recorded", facts.passing)

test_passes_when_one_of_two_trainings_names_a_commit if {
	silent := object.union(testing.attestation("training"), {"commits": []})
	testing.passes("commit_recorded", testing.with_more([silent]))
}

test_fails_when_no_training_names_a_commit if {
	document := testing.patched("training", [{"op": "replace", "path": "/commits", "value": []}])
	reason := {"code": "commit_missing", "params": {"evidence": facts.evidence.training}}
	testing.fails("commit_recorded", document, {reason})
}

test_fails_when_the_model_was_not_trained if {
	reason := {"code": "training_missing", "params": {"model": facts.digests.model}}
	testing.fails("commit_recorded", testing.without({"training"}), {reason})
}

test_is_undetermined_when_the_training_cannot_be_read if {
	document := testing.signed({"training"}, "unreadable")
	testing.is_undetermined("commit_recorded", document, {testing.unreadable("training")})
}

test_passes_when_another_manifest_cannot_be_read if {
	testing.passes("commit_recorded", testing.signed({"registration"}, "unreadable"))
}
