# METADATA
# title: The training has provenance
# description: |
#   SLSA provenance tells how the model was built, names every dependency by digest, and agrees with the training's manifest on the
#   commit.
# scope: package
# custom:
#   severity: high
#   environments: [production]
#   phases: [request, release]
#   controls: [A.5.21, A.8.25]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.training_provenance

import data.countersign.lib.evidence
import data.countersign.lib.lineage
import data.countersign.lib.provenance
import data.countersign.lib.types

deny contains {"code": "provenance_missing", "params": {"model": input.model.sha256}} if {
	count(provenance.of_model) == 0
	not evidence.unreadable[types.slsa_provenance]
}

# One reason for all of them: a reason for each would be thousands, and the gate would run out of time.
deny contains {"code": "dependency_without_digest", "params": params} if {
	some attestation in provenance.of_model
	names := [object.get(dependency, "uri", object.get(dependency, "name", null)) |
		some dependency in attestation.predicate.buildDefinition.resolvedDependencies
		not has_digest(dependency)
	]
	count(names) > 0
	params := {"dependencies": array.slice(names, 0, 10), "evidence": attestation.evidence, "found": count(names)}
}

deny contains {"code": "commits_differ", "params": {"commits": training.commits, "evidence": training.evidence}} if {
	count(provenance.of_model) > 0
	training := evidence.newest(lineage.trainings)
	not agreed
}

unknown contains reason if some reason in evidence.unreadable[types.slsa_provenance]

has_digest(dependency) if {
	some _, value in dependency.digest
	value != ""
}

# A manifest may name the commit by its first digits.
agreed if {
	some training in lineage.trainings
	some commit in training.commits
	some attestation in provenance.of_model
	some built in attestation.commits
	startswith(built, commit)
}
