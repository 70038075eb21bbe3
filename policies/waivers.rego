# METADATA
# title: Exceptions
# description: The only place where a failure is let through.
package countersign.waivers

import data.countersign.config.waivers as config
import data.countersign.lib.instants
import data.countersign.lib.lineage
import data.countersign.lib.people

# Waivers in force whose scope holds here. Their order decides which one is named.
in_force := sort([waiver |
	some waiver in input.waivers.items
	is_current(waiver)
	people.name(waiver.requester) != people.name(waiver.approver.principal)
	binds(waiver.scope)
])

# One that was granted for longer than it may be holds at no time.
is_current(waiver) if {
	begin := instants.milliseconds(waiver.not_before)
	end := instants.milliseconds(waiver.not_after)
	now := instants.milliseconds(input.now)
	begin <= now
	now < end
	end - begin <= config.max_days * instants.day
}

# A scope that names nothing would be an exception for everything.
binds(scope) if {
	some _, value in scope
	value != null
	scope.environment in {null, input.environment}
	scope.model in {null, input.model.sha256}
	scope.endpoint in {null, input.endpoint}
	scope.dataset in ({null} | lineage.datasets)
}

# Evidence of the waiver that covers every reason why a rule fails; undefined when none does.
covering(id, reasons) := evidences[0] if {
	evidences := [waiver.evidence |
		some waiver in in_force
		waiver.rule == id
		every reason in reasons {
			covers(waiver.scope, reason)
		}
	]
}

# An exception for one data set is none for another, nor for what concerns no data set.
covers(scope, reason) if reason.params.dataset == scope.dataset

covers(scope, _) if scope.dataset == null
