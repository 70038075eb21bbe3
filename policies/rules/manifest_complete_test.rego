package countersign.tests.manifest_complete

import data.countersign.testing
import data.facts

missing(stage) := {"code": "manifest_missing", "params": {"model": facts.digests.model, "stage": stage}}

incomplete(name, fields) := {"code": "manifest_incomplete", "params": {
	"evidence": facts.evidence[name],
	"missing": fields,
	"stage": testing.attestation(name).stage,
}}

removed(name, field) := testing.patched(name, [{"op": "remove", "path": concat("", ["/predicate/", field])}])

test_passes_when_every_stage_says_what_it_must if testing.passes("manifest_complete", facts.passing)

test_fails_when_a_stage_has_no_manifest if {
	every stage in ["training", "evaluation", "registration"] {
		testing.fails("manifest_complete", testing.without({stage}), {missing(stage)})
	}
}

test_asks_only_for_the_stages_of_the_environment if {
	testing.passes("manifest_complete", object.union(testing.without({"registration"}), {"environment": "staging"}))
}

test_fails_when_a_field_is_missing if {
	testing.fails("manifest_complete", removed("training", "commit_sha"), {incomplete("training", [["commit_sha"]])})
	testing.fails("manifest_complete", removed("evaluation", "metrics"), {incomplete("evaluation", [["metrics"]])})
}

test_fails_when_none_of_several_fields_is_there if {
	reason := incomplete("training", [["dataset", "datasets"]])
	testing.fails("manifest_complete", removed("training", "dataset"), {reason})
}

test_takes_an_empty_field_for_missing if {
	every nothing in [null, "", [], {}] {
		document := testing.patched("evaluation", [{"op": "replace", "path": "/predicate/metrics", "value": nothing}])
		testing.fails("manifest_complete", document, {incomplete("evaluation", [["metrics"]])})
	}
}

test_fails_when_the_manifest_of_a_data_set_lacks_a_field if {
	testing.fails("manifest_complete", removed("ingest", "commit_sha"), {incomplete("ingest", [["commit_sha"]])})
	testing.fails("manifest_complete", removed("preprocess", "inputs"), {incomplete("preprocess", [["inputs"]])})
}

ended(name, exit_code) := testing.patched(name, [{"op": "replace", "path": "/predicate/job/exit_code", "value": exit_code}])

failed(name, exit_code) := {"code": "stage_failed", "params": {
	"evidence": facts.evidence[name],
	"exit_code": exit_code,
	"stage": testing.attestation(name).stage,
}}

test_fails_when_the_job_of_a_stage_failed if {
	every name in ["ingest", "preprocess", "training", "evaluation", "registration"] {
		every exit_code in [1, 137, -1, null, "0"] {
			testing.fails("manifest_complete", ended(name, exit_code), {failed(name, exit_code)})
		}
	}
}

test_passes_when_the_manifest_tells_of_no_job if testing.passes("manifest_complete", removed("training", "job"))

test_passes_when_the_job_was_run_again if {
	every name in ["training", "evaluation", "preprocess"] {
		again := json.patch(testing.attestation(name), [
			{"op": "replace", "path": "/evidence", "value": "again"},
			{"op": "replace", "path": "/received_at", "value": "2026-02-21T09:00:00.000Z"},
		])
		document := json.patch(ended(name, 1), [{"op": "add", "path": "/attestations/-", "value": again}])
		testing.passes("manifest_complete", document)
	}
}

test_passes_when_one_of_two_manifests_is_complete if {
	every name in ["training", "evaluation", "preprocess"] {
		operation := {"op": "remove", "path": "/predicate/commit_sha"}
		poor := json.patch(testing.attestation(name), [operation, {"op": "replace", "path": "/evidence", "value": "poor"}])
		testing.passes("manifest_complete", testing.with_more([poor]))
	}
}

test_fails_when_only_another_model_was_evaluated if {
	document := testing.patched("evaluation", [{"op": "replace", "path": "/inputs/0", "value": facts.digests.previousModel}])
	testing.fails("manifest_complete", document, {missing("evaluation")})
}

test_ignores_manifests_about_other_models if {
	other := json.patch(testing.attestation("training"), [
		{"op": "remove", "path": "/predicate/commit_sha"},
		{"op": "replace", "path": "/outputs", "value": [facts.digests.previousModel]},
	])
	testing.passes("manifest_complete", testing.with_more([other]))
}

test_is_undetermined_when_a_manifest_cannot_be_read if {
	every name in ["training", "evaluation", "ingest"] {
		document := testing.signed({name}, "unreadable")
		testing.is_undetermined("manifest_complete", document, {testing.unreadable(name)})
	}
}

test_is_undetermined_when_the_environment_asks_for_nothing if {
	reason := {"code": "policy_data_missing", "params": {"environment": "elsewhere"}}
	testing.is_undetermined("manifest_complete", testing.with_facts({"environment": "elsewhere"}), {reason})
}
