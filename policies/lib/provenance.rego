# METADATA
# title: SLSA provenance of the model
package countersign.lib.provenance

import data.countersign.lib.evidence
import data.countersign.lib.lineage
import data.countersign.lib.people

of_model := [attestation |
	some attestation in evidence.provenance
	input.model.sha256 in attestation.subjects
]

committer_annotation := "countersign.dev/committer"

dependencies := [dependency |
	some attestation in of_model
	some dependency in attestation.predicate.buildDefinition.resolvedDependencies
]

# The code that the model was built from.
commits := [dependency |
	some dependency in dependencies
	dependency.digest.gitCommit
]

# The newest of each signer: any of them may be the one that made the model.
trainings := evidence.newest_of_each(lineage.trainings)

# Whether provenance names the code that a training ran. A manifest may name the commit by its first digits.
names_code_of(training) if {
	count(training.commits) > 0
	every commit in training.commits {
		some dependency in commits
		startswith(dependency.digest.gitCommit, commit)
	}
}

committers := people.names({dependency.annotations[committer_annotation] | some dependency in commits})

# Whether the code of each training is named, and every commit names its committer.
committers_known if {
	count(trainings) > 0
	every training in trainings {
		names_code_of(training)
	}
	every dependency in commits {
		people.name(dependency.annotations[committer_annotation])
	}
}
