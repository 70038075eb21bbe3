package countersign.tests.lineage_complete

import data.countersign.testing
import data.facts

lineage(changes) := testing.with_facts({"lineage": object.union(facts.passing.lineage, changes)})

origin_unknown(digest) := {"code": "origin_unknown", "params": {"dataset": digest}}

test_passes_from_ingest_to_model if testing.passes("lineage_complete", facts.passing)

test_fails_when_something_was_made_from_itself if {
	cycle := [facts.digests.train, facts.digests.dataset, facts.digests.train]
	reason := {"code": "lineage_cyclic", "params": {"digests": cycle}}
	testing.fails("lineage_complete", lineage({"cycle": cycle}), {reason})
}

test_fails_without_a_training if {
	reason := {"code": "training_missing", "params": {"model": facts.digests.model}}
	testing.fails("lineage_complete", testing.without({"training"}), {reason})
}

test_fails_when_another_stage_made_the_model if {
	document := testing.patched("training", [{"op": "replace", "path": "/stage", "value": "registration"}])
	reason := {"code": "training_missing", "params": {"model": facts.digests.model}}
	testing.fails("lineage_complete", document, {reason})
}

test_fails_when_the_training_made_another_model if {
	document := testing.patched("training", [{"op": "replace", "path": "/outputs", "value": [facts.digests.previousModel]}])
	reason := {"code": "training_missing", "params": {"model": facts.digests.model}}
	testing.fails("lineage_complete", document, {reason})
}

test_fails_when_the_training_read_nothing if {
	reason := {"code": "training_without_data", "params": {"model": facts.digests.model}}
	testing.fails("lineage_complete", lineage({"edges": []}), {reason})
}

test_counts_no_step_that_only_provenance_tells if {
	edges := [edge | some edge in facts.passing.lineage.edges; edge.evidence == facts.evidence.provenance]
	reason := {"code": "training_without_data", "params": {"model": facts.digests.model}}
	testing.fails("lineage_complete", lineage({"edges": edges}), {reason})
}

test_fails_when_nobody_ingested_the_data if {
	testing.fails("lineage_complete", testing.without({"ingest"}), {origin_unknown(facts.digests.dataset)})
}

test_fails_when_something_else_was_ingested if {
	document := testing.patched("ingest", [{"op": "replace", "path": "/outputs", "value": [facts.digests.holdout]}])
	testing.fails("lineage_complete", document, {origin_unknown(facts.digests.dataset)})
}

test_fails_when_another_stage_made_the_first_data if {
	document := testing.patched("ingest", [{"op": "replace", "path": "/stage", "value": "feature"}])
	testing.fails("lineage_complete", document, {origin_unknown(facts.digests.dataset)})
}

test_fails_at_a_gap if {
	testing.fails("lineage_complete", testing.without({"preprocess"}), {origin_unknown(facts.digests.train)})
}

test_ignores_what_no_verified_step_leads_to if {
	document := lineage({"nodes": array.concat(facts.passing.lineage.nodes, [facts.digests.report])})
	testing.passes("lineage_complete", document)
}

test_is_undetermined_when_it_was_not_followed_to_its_end if {
	reason := {"code": "lineage_incomplete", "params": {"code": "LINEAGE_TOO_LARGE"}}
	document := lineage({"complete": false, "code": "LINEAGE_TOO_LARGE"})
	testing.is_undetermined("lineage_complete", document, {reason})
}

test_is_undetermined_when_a_manifest_cannot_be_read if {
	every name in ["ingest", "preprocess", "training", "registration"] {
		document := testing.signed({name}, "unreadable")
		testing.is_undetermined("lineage_complete", document, {testing.unreadable(name)})
	}
}

test_is_undetermined_when_nothing_read_stands_beside_an_unreadable_manifest if {
	document := json.patch(testing.signed({"ingest"}, "unreadable"), [{"op": "replace", "path": "/lineage/edges", "value": []}])
	testing.is_undetermined("lineage_complete", document, {testing.unreadable("ingest")})
}
