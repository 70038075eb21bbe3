# METADATA
# title: The commit is recorded
# description: |
#   The training that made the model names the commit of the code that it ran.
# scope: package
# custom:
#   severity: high
#   environments: [staging, production]
#   phases: [request, release]
#   controls: [A.8.4, A.8.32]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.commit_recorded

import data.countersign.lib.evidence
import data.countersign.lib.lineage

deny contains {"code": "commit_missing", "params": {"evidence": training.evidence}} if {
	training := evidence.newest(lineage.trainings)
	every one in lineage.trainings {
		count(one.commits) == 0
	}
}

deny contains {"code": "training_missing", "params": {"model": input.model.sha256}} if {
	count(lineage.trainings) == 0
	count(lineage.unreadable) == 0
}

unknown contains reason if {
	count(lineage.trainings) == 0
	some reason in lineage.unreadable
}
