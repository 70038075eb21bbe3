# METADATA
# title: Everybody who must approve has
# description: |
#   One person of every role that the environment asks for has approved this release of the model lately, and nobody's rejection
#   stands.
# scope: package
# custom:
#   severity: high
#   environments: [staging, production]
#   phases: [release]
#   controls: [A.5.2, A.8.32]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: false
package countersign.rules.required_approvals

import data.countersign.config.approvals as config
import data.countersign.lib.approvals
import data.countersign.lib.people

deny contains {"code": "approval_missing", "params": params} if {
	input.approvals.known
	some role in config.required_roles[input.environment]
	not role in approved
	params := {
		"environment": input.environment,
		"max_age_days": config.max_age_days,
		"model": input.model.sha256,
		"role": role,
	}
}

deny contains {"code": "approvers_not_distinct", "params": params} if {
	some subset in numbers.range(1, bits.lsh(1, count(filled)) - 1)
	roles := {role | some i, role in filled; bits.and(subset, bits.lsh(1, i)) != 0}
	count(approvers(roles)) < count(roles)
	params := {"model": input.model.sha256, "people": sort(approvers(filled)), "roles": filled}
}

deny contains {"code": "approval_rejected", "params": params} if {
	some approval in approvals.standing
	approval.decision != "approved"
	params := {"evidence": approval.evidence, "person": approval.person, "role": approval.role}
}

unknown contains reason if some reason in approvals.unknown

unknown contains {"code": "policy_data_missing", "params": {"environment": input.environment}} if {
	not config.required_roles[input.environment]
}

approved := {approval.role | some approval in approvals.approving}

# Each of these can have a person of its own when any few of them have as many approvers (Hall's marriage theorem).
filled := sort({role |
	some role in config.required_roles[input.environment]
	role in approved
})

approvers(roles) := people.names({approval.person |
	some approval in approvals.approving
	approval.role in roles
})
