# METADATA
# title: Nobody approves their own work
# description: |
#   Whoever approves neither produced the model or its data, nor committed its code, nor asked for its release.
# scope: package
# custom:
#   severity: critical
#   environments: [staging, production]
#   phases: [release]
#   controls: [A.5.3]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: false
package countersign.rules.separation_of_duties

import data.countersign.lib.approvals
import data.countersign.lib.lineage
import data.countersign.lib.people
import data.countersign.lib.provenance

deny contains {"code": "approver_has_other_duty", "params": params} if {
	some approval in approvals.approving
	some duty, persons in duties
	people.name(approval.person) in persons
	params := {"duty": duty, "evidence": approval.evidence, "person": approval.person}
}

unknown contains reason if some reason in approvals.unknown

unknown contains {"code": "committer_unknown", "params": {"model": input.model.sha256}} if not provenance.committers_known

unknown contains {"code": "requester_unknown", "params": {}} if not is_string(input.requester)

duties := {
	"committer": provenance.committers,
	"producer": people.names({manifest.principal | some _, manifests in lineage.makers; some manifest in manifests}),
	"requester": people.names({input.requester}),
}
