# METADATA
# title: The model card says what it must
# description: |
#   A CycloneDX card is bound to the model's digest and states its intended use, its training data, how good it is, its latency at
#   the 95th and 99th percentile, fairness, and known limits.
# scope: package
# custom:
#   severity: medium
#   environments: [staging, production]
#   phases: [request, release]
#   controls: [A.5.37]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.model_card

import data.countersign.config.model_cards as config
import data.countersign.lib.lineage
import data.countersign.lib.model_card

deny contains {"code": "model_card_missing", "params": {"model": input.model.sha256}} if {
	count(model_card.candidates) == 0
	count(model_card.unreadable) == 0
}

deny contains {"code": "model_card_version", "params": {"evidence": card.evidence, "version": version}} if {
	version := object.get(card.predicate, "specVersion", null)
	not version in config.spec_versions
}

deny contains {"code": "model_card_not_bound", "params": {"evidence": card.evidence, "model": input.model.sha256}} if {
	not input.model.sha256 in digests(model_card.component)
}

deny contains {"code": "model_card_silent", "params": {"about": about, "evidence": card.evidence}} if {
	some about in ({"fairness", "intended_use", "known_limits", "quality", "training_data"} - said)
}

deny contains {"code": "model_card_metric_missing", "params": {"evidence": card.evidence, "metric": metric}} if {
	some metric in config.required_metrics
	not metric in stated_metrics
}

unknown contains reason if some reason in model_card.unreadable

card := model_card.attestation

said contains "intended_use" if {
	some text in model_card.considerations.useCases
	is_said(text)
}

said contains "known_limits" if {
	some text in model_card.considerations.technicalLimitations
	is_said(text)
}

said contains "fairness" if {
	some assessment in model_card.considerations.fairnessAssessments
	is_said(assessment.groupAtRisk)
	is_said(assessment.harms)
}

said contains "fairness" if model_card.affects_people == false

# How fast it answers tells nothing of how well.
said contains "quality" if {
	some metric in stated_metrics
	not contains(lower(metric), "latency")
}

# A card that speaks of other data than the lineage knows speaks of another model.
said contains "training_data" if {
	some dataset in model_card.component.modelCard.modelParameters.datasets
	some component in card.predicate.components
	component["bom-ref"] == dataset.ref
	some digest in digests(component)
	digest in lineage.datasets
}

is_said(text) if trim_space(text) != ""

digests(component) := {lower(hash.content) |
	some hash in component.hashes
	hash.alg == "SHA-256"
}

# A metric of one slice says nothing of the whole.
stated_metrics := {metric.type |
	some metric in model_card.component.modelCard.quantitativeAnalysis.performanceMetrics
	not metric.slice
	regex.match(`^-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?$`, metric.value)
}
