package countersign.tests.training_provenance

import data.countersign.testing
import data.facts

dependencies_path := "/predicate/buildDefinition/resolvedDependencies"

missing := {"code": "provenance_missing", "params": {"model": facts.digests.model}}

differ := {"code": "commits_differ", "params": {
	"commits": testing.attestation("training").commits,
	"evidence": facts.evidence.training,
}}

without_digest(name) := {"code": "dependency_without_digest", "params": {
	"dependencies": [name],
	"evidence": facts.evidence.provenance,
	"found": 1,
}}

added(dependency) := testing.patched("provenance", [{
	"op": "add",
	"path": concat("", [dependencies_path, "/-"]),
	"value": dependency,
}])

test_passes_when_provenance_agrees_with_the_manifest if testing.passes("training_provenance", facts.passing)

test_passes_when_the_manifest_abbreviates_the_commit if {
	document := testing.patched("training", [{"op": "replace", "path": "/commits", "value": ["4b825dc"]}])
	testing.passes("training_provenance", document)
}

test_fails_without_provenance if testing.fails("training_provenance", testing.without({"provenance"}), {missing})

test_fails_when_the_provenance_is_of_another_model if {
	document := testing.patched("provenance", [{"op": "replace", "path": "/subjects", "value": [facts.digests.previousModel]}])
	testing.fails("training_provenance", document, {missing})
}

test_fails_when_a_dependency_has_no_digest if {
	testing.fails("training_provenance", added({"uri": "pkg:pypi/numpy"}), {without_digest("pkg:pypi/numpy")})
	testing.fails("training_provenance", added({"name": "numpy", "digest": {}}), {without_digest("numpy")})
	testing.fails("training_provenance", added({"digest": {"sha256": ""}}), {without_digest(null)})
}

test_counts_dependencies_without_a_digest_and_names_the_first if {
	commit := testing.attestation("provenance").predicate.buildDefinition.resolvedDependencies[0]
	names := [sprintf("pkg:pypi/p%d", [i]) | some i in numbers.range(1, 11)]
	document := testing.patched("provenance", [{
		"op": "replace",
		"path": dependencies_path,
		"value": array.concat([commit], [{"uri": name} | some name in names]),
	}])
	reason := {"code": "dependency_without_digest", "params": {
		"dependencies": array.slice(names, 0, 10),
		"evidence": facts.evidence.provenance,
		"found": 11,
	}}
	testing.fails("training_provenance", document, {reason})
}

test_passes_when_a_dependency_has_a_digest_of_any_kind if {
	testing.passes("training_provenance", added({"uri": "pkg:pypi/numpy", "digest": {"sha512": "ab"}}))
}

test_fails_when_it_was_built_from_another_commit if {
	document := testing.patched("provenance", [{"op": "replace", "path": "/commits", "value": ["0123456789"]}])
	testing.fails("training_provenance", document, {differ})
}

test_fails_when_the_manifest_has_the_longer_commit if {
	document := testing.patched("provenance", [{"op": "replace", "path": "/commits", "value": ["4b825dc"]}])
	testing.fails("training_provenance", document, {differ})
}

test_leaves_a_missing_training_to_other_rules if {
	testing.passes("training_provenance", testing.without({"training"}))
}

test_is_undetermined_when_the_provenance_cannot_be_read if {
	document := testing.signed({"provenance"}, "unreadable")
	testing.is_undetermined("training_provenance", document, {testing.unreadable("provenance")})
}
