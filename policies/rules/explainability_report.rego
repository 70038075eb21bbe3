# METADATA
# title: Decisions of the model are explained
# description: |
#   There is a report on what the model's answers rest on, and it found nothing that failed.
# scope: package
# custom:
#   severity: medium
#   environments: [production]
#   phases: [request, release]
#   controls: [A.8.29]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.explainability_report

import data.countersign.lib.results

deny contains reason if some reason in results.denied.explainability

unknown contains reason if some reason in results.unreadable
