# METADATA
# title: The model passes thresholds that were fixed before
# description: |
#   Each signer's newest evaluation of the model holds every threshold, compared again here, of the newest that were fixed for
#   the model's name before the evaluation and its result.
# scope: package
# custom:
#   severity: high
#   environments: [staging, production]
#   phases: [request, release]
#   controls: [A.8.29]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.evaluation_passed

import data.countersign.lib.results
import data.countersign.lib.thresholds

deny contains reason if some reason in results.denied.evaluation

deny contains reason if some reason in thresholds.denied.evaluation

unknown contains reason if some reason in (results.unreadable | thresholds.unreadable)
