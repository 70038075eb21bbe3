package countersign.tests.image_pinned

import data.countersign.testing
import data.facts

early := {"image_digest": null, "phase": "request"}

unnamed := {"code": "image_unnamed", "params": {"model": facts.digests.model}}

without_field := [{"op": "remove", "path": "/predicate/image_digest"}]

unasked_and(name, operations) := object.union(testing.patched(name, operations), early)

test_passes_when_the_asker_names_the_digest if {
	testing.passes("image_pinned", testing.patched("training", without_field))
}

test_passes_when_only_the_training_names_it_before_people_are_asked if {
	testing.passes("image_pinned", testing.with_facts(early))
}

test_is_undetermined_when_a_release_names_none if {
	reason := {"code": "image_unknown", "params": {}}
	testing.is_undetermined("image_pinned", testing.with_facts({"image_digest": null}), {reason})
	silent := object.union(testing.patched("training", without_field), {"image_digest": null})
	testing.is_undetermined("image_pinned", silent, {reason})
}

test_believes_the_newest_training_that_names_an_image if {
	silent := json.patch(testing.attestation("training"), without_field)
	tagged := json.patch(
		testing.attestation("training"),
		[{"op": "replace", "path": "/predicate/image_digest", "value": "serving:latest"}],
	)
	document := object.union(testing.with_more([tagged, silent]), early)
	testing.fails("image_pinned", document, {{"code": "image_not_pinned", "params": {"image": "serving:latest"}}})
}

test_fails_when_nobody_names_an_image if {
	testing.fails("image_pinned", unasked_and("training", without_field), {unnamed})
}

test_fails_when_the_image_is_named_by_something_else if {
	every image in ["serving:latest", facts.digests.image, "sha256:abc", concat("", ["sha512:", facts.digests.image])] {
		reason := {"code": "image_not_pinned", "params": {"image": image}}
		testing.fails("image_pinned", testing.with_facts({"image_digest": image}), {reason})
	}
}

test_is_undetermined_when_the_training_cannot_be_read if {
	document := object.union(testing.signed({"training"}, "unreadable"), early)
	testing.is_undetermined("image_pinned", document, {testing.unreadable("training")})
}

test_passes_when_the_asker_names_it_though_the_training_cannot_be_read if {
	testing.passes("image_pinned", testing.signed({"training"}, "unreadable"))
}
