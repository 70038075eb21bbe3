# METADATA
# title: What people decided
package countersign.lib.approvals

import data.countersign.lib.instants
import data.countersign.lib.people

# Decisions on this model that the same person has not replaced by a later one in the same role.
standing := [approval |
	some approval in input.approvals.items
	approval.model == input.model.sha256
	not is_replaced(approval)
]

is_replaced(approval) if {
	some later in input.approvals.items
	later.model == approval.model
	people.name(later.person) == people.name(approval.person)
	later.role == approval.role
	instants.milliseconds(later.decided_at) > instants.milliseconds(approval.decided_at)
}

unknown contains {"code": "facts_unknown", "params": {"code": object.get(input.approvals, "code", null), "facts": "approvals"}} if {
	not input.approvals.known
}
