# METADATA
# title: SLSA provenance of the model
package countersign.lib.provenance

import data.countersign.lib.evidence
import data.countersign.lib.people

of_model := [attestation |
	some attestation in evidence.provenance
	input.model.sha256 in attestation.subjects
]

committer_annotation := "countersign.dev/committer"

# The code that the model was built from.
commits := [dependency |
	some attestation in of_model
	some dependency in attestation.predicate.buildDefinition.resolvedDependencies
	dependency.digest.gitCommit
]

committers := people.names({dependency.annotations[committer_annotation] | some dependency in commits})

# Whether every commit names its committer.
committers_known if {
	count(commits) > 0
	every dependency in commits {
		people.name(dependency.annotations[committer_annotation])
	}
}
