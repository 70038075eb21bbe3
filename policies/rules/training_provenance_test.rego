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
	[commit, data_set] := testing.attestation("provenance").predicate.buildDefinition.resolvedDependencies
	names := [sprintf("pkg:pypi/p%d", [i]) | some i in numbers.range(1, 11)]
	document := testing.patched("provenance", [{
		"op": "replace",
		"path": dependencies_path,
		"value": array.concat([commit, data_set], [{"uri": name} | some name in names]),
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

built_from(commit) := testing.patched("provenance", [{
	"op": "replace",
	"path": concat("", [dependencies_path, "/0/digest/gitCommit"]),
	"value": commit,
}])

test_fails_when_it_was_built_from_another_commit if {
	testing.fails("training_provenance", built_from("0123456789"), {differ})
}

test_fails_when_the_manifest_has_the_longer_commit if {
	testing.fails("training_provenance", built_from("4b825dc"), {differ})
}

test_fails_when_one_of_two_commits_is_not_named if {
	[commit] := testing.attestation("training").commits
	document := testing.patched("training", [{"op": "add", "path": "/commits/-", "value": "0123456789"}])
	reason := json.patch(differ, [{"op": "replace", "path": "/params/commits", "value": [commit, "0123456789"]}])
	testing.fails("training_provenance", document, {reason})
}

test_fails_when_the_manifest_names_no_commit if {
	document := testing.patched("training", [{"op": "replace", "path": "/commits", "value": []}])
	reason := json.patch(differ, [{"op": "replace", "path": "/params/commits", "value": []}])
	testing.fails("training_provenance", document, {reason})
}

another_training(changes) := testing.with_more([object.union(
	testing.attestation("training"),
	object.union({"evidence": "another", "commits": ["0123456789"]}, changes),
)])

test_fails_when_the_newest_training_of_anybody_ran_another_commit if {
	reason := {"code": "commits_differ", "params": {"commits": ["0123456789"], "evidence": "another"}}
	every signer in [testing.attestation("training").principal, "somebody-else"] {
		testing.fails("training_provenance", another_training({"principal": signer}), {reason})
	}
}

unnamed(digests, found) := {"code": "training_data_unnamed", "params": {
	"datasets": digests,
	"evidence": facts.evidence.training,
	"found": found,
}}

test_fails_when_the_training_data_is_no_dependency if {
	document := testing.patched("provenance", [{"op": "remove", "path": concat("", [dependencies_path, "/1"])}])
	testing.fails("training_provenance", document, {unnamed([facts.digests.train], 1)})
}

test_counts_training_data_that_is_no_dependency_and_names_the_first if {
	digests := [sprintf("%064d", [i]) | some i in numbers.range(1, 11)]
	document := testing.patched("training", [{"op": "replace", "path": "/inputs", "value": digests}])
	testing.fails("training_provenance", document, {unnamed(array.slice(digests, 0, 10), 11)})
}

test_leaves_a_missing_training_to_other_rules if {
	testing.passes("training_provenance", testing.without({"training"}))
}

test_is_undetermined_when_the_provenance_cannot_be_read if {
	document := testing.signed({"provenance"}, "unreadable")
	testing.is_undetermined("training_provenance", document, {testing.unreadable("provenance")})
}
