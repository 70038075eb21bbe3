# METADATA
# title: What people decided
package countersign.lib.approvals

import data.countersign.config.approvals as config
import data.countersign.lib.instants
import data.countersign.lib.people

# Decisions on this release that the same person has not replaced by a later one in the same role.
standing := [approval |
	some approval in concerning
	not is_replaced(approval)
]

# Those that fill a role. A rejection has no age: who rejected can approve later.
approving := [approval |
	some approval in standing
	approval.decision == "approved"
	age := instants.milliseconds(input.now) - instants.milliseconds(approval.decided_at)
	age <= config.max_age_days * instants.day
]

# What a decision names, the release must be; null names nothing.
concerning := [approval |
	some approval in input.approvals.items
	approval.model == input.model.sha256
	approval.environment == input.environment
	every field in ["endpoint", "image_digest", "promotion"] {
		approval[field] in {null, input[field]}
	}
	not is_ahead(approval)
]

is_ahead(approval) if instants.milliseconds(approval.decided_at) > instants.milliseconds(input.now)

is_replaced(approval) if {
	some later in concerning
	people.name(later.person) == people.name(approval.person)
	later.role == approval.role
	instants.milliseconds(later.decided_at) > instants.milliseconds(approval.decided_at)
}

unknown contains {"code": "facts_unknown", "params": {"code": object.get(input.approvals, "code", null), "facts": "approvals"}} if {
	not input.approvals.known
}
