# METADATA
# title: Fairness was measured where people are affected
# description: |
#   Where the model card says that the model affects people, a fairness evaluation holds thresholds that were fixed before it.
# scope: package
# custom:
#   severity: high
#   environments: [staging, production]
#   phases: [request, release]
#   controls: [A.5.31, A.8.29]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.fairness_evaluated

import data.countersign.lib.model_card
import data.countersign.lib.results
import data.countersign.lib.thresholds

deny contains reason if {
	model_card.affects_people
	some reason in (object.get(results.denied, "fairness", set()) | object.get(thresholds.denied, "fairness", set()))
}

unknown contains {"code": "affects_people_unstated", "params": {"model": input.model.sha256}} if {
	not model_card.affects_people == true
	not model_card.affects_people == false
}

unknown contains reason if {
	model_card.affects_people
	some reason in (results.unreadable | thresholds.unreadable)
}

unknown contains reason if some reason in model_card.unreadable

skip contains {"code": "no_people_affected", "params": {}} if model_card.affects_people == false
