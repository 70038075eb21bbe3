# METADATA
# title: The training has provenance
# description: |
#   SLSA provenance tells how the model was built and names every dependency by digest, among them the commit and the data that the
#   training's manifest states.
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
	some training in provenance.trainings
	not provenance.names_code_of(training)
}

deny contains {"code": "training_data_unnamed", "params": params} if {
	count(provenance.of_model) > 0
	some training in provenance.trainings
	digests := sort({digest | some digest in training.inputs} - named)
	count(digests) > 0
	params := {"datasets": array.slice(digests, 0, 10), "evidence": training.evidence, "found": count(digests)}
}

unknown contains reason if some reason in evidence.unreadable[types.slsa_provenance]

has_digest(dependency) if {
	some _, value in dependency.digest
	value != ""
}

named := {dependency.digest.sha256 | some dependency in provenance.dependencies}
