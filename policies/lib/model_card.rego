# METADATA
# title: The model card
package countersign.lib.model_card

import data.countersign.lib.evidence
import data.countersign.lib.types

# CycloneDX documents about the model whose component is a model: a list of its packages is no card.
candidates := [attestation |
	some attestation in evidence.cards
	input.model.sha256 in attestation.subjects
	attestation.predicate.metadata.component.type == "machine-learning-model"
]

# The newest.
attestation := evidence.newest(candidates)

component := attestation.predicate.metadata.component

considerations := object.get(component, ["modelCard", "considerations"], {})

# Whether people are affected, as the card says; undefined when it does not.
affects_people if count(assessments) > 0

affects_people if "true" in stated

affects_people := false if {
	stated == {"false"}
	count(assessments) == 0
}

assessments := object.get(considerations, "fairnessAssessments", [])

stated := {property.value |
	some property in component.modelCard.properties
	property.name == "countersign:affects_people"
}

unreadable contains reason if some reason in evidence.unreadable[types.cyclonedx]
