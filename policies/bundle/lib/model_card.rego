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

# Whether people are affected; undefined when the card of anybody does not say. No signer can deny what another's card says.
affects_people if {
	some card in of_each
	says_people_affected(card)
}

affects_people := false if {
	count(of_each) > 0
	every card in of_each {
		not says_people_affected(card)
		stated(card) == {"false"}
	}
}

# The newest of each signer.
of_each := {card.predicate.metadata.component | some card in evidence.newest_of_each(candidates)}

says_people_affected(card) if count(object.get(card, ["modelCard", "considerations", "fairnessAssessments"], [])) > 0

says_people_affected(card) if "true" in stated(card)

stated(card) := {property.value |
	some property in card.modelCard.properties
	property.name == "countersign:affects_people"
}

unreadable contains reason if some reason in evidence.unreadable[types.cyclonedx]
