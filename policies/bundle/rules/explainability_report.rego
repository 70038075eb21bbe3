# METADATA
# title: Decisions of the model are explained
# description: |
#   There is a report on what the model's answers rest on, named by its digest, and it found nothing that failed.
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

deny contains {"code": "report_unnamed", "params": {"evidence": result.evidence}} if {
	some result in results.newest.explainability
	not names_report(result)
}

unknown contains reason if some reason in results.unreadable

# A file of its own: what the model was tested by otherwise is no report.
names_report(result) if {
	others := {entry.digest.sha256 |
		some entry in result.predicate.configuration
		not is_explaining(entry)
	}
	some report in result.predicate.configuration
	is_explaining(report)
	count(report.digest.sha256) == 64
	not report.digest.sha256 in others
}

is_explaining(entry) if entry.annotations[results.kind_annotation] == "explainability"
