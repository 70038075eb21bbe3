package countersign.tests.required_approvals

import data.countersign.config
import data.countersign.testing
import data.facts

owner := facts.passing.approvals.items[0]

officer := facts.passing.approvals.items[1]

approved(items) := testing.with_facts({"approvals": {"known": true, "items": items}})

missing(role) := {"code": "approval_missing", "params": {
	"environment": "production",
	"max_age_days": 30,
	"model": facts.digests.model,
	"role": role,
}}

rejected(approval) := {"code": "approval_rejected", "params": {
	"evidence": approval.evidence,
	"person": approval.person,
	"role": approval.role,
}}

rejection(approval, time) := object.union(approval, {"decision": "rejected", "decided_at": time, "evidence": "rejection"})

test_passes_when_every_role_has_approved if testing.passes("required_approvals", facts.passing)

test_fails_when_a_role_has_not_approved if {
	testing.fails("required_approvals", approved([owner]), {missing("privacy-officer")})
	testing.fails("required_approvals", approved([officer]), {missing("model-owner")})
}

not_distinct(persons, roles) := {"code": "approvers_not_distinct", "params": {
	"model": facts.digests.model,
	"people": persons,
	"roles": roles,
}}

test_fails_when_one_person_fills_two_roles if {
	every person in [owner.person, upper(owner.person)] {
		both := [owner, object.union(officer, {"person": person})]
		reason := not_distinct([owner.person], ["model-owner", "privacy-officer"])
		testing.fails("required_approvals", approved(both), {reason})
	}
}

test_fails_when_the_other_person_with_the_role_rejected if {
	no := rejection(officer, officer.decided_at)
	items := [owner, object.union(officer, {"person": owner.person}), no]
	reason := not_distinct([owner.person], ["model-owner", "privacy-officer"])
	testing.fails("required_approvals", approved(items), {reason, rejected(no)})
}

test_passes_when_another_can_fill_one_of_two_roles if {
	both := [owner, officer, object.union(officer, {"person": owner.person})]
	testing.passes("required_approvals", approved(both))
}

test_fails_when_two_persons_fill_three_roles if {
	roles := ["a", "b", "c"]
	items := [item |
		some person, held in {"ada": ["a", "b"], "bob": ["b", "c"]}
		some role in held
		item := object.union(owner, {"person": person, "role": role})
	]
	reason := not_distinct(["ada", "bob"], roles)
	testing.fails("required_approvals", approved(items), {reason}) with config.approvals.required_roles.production as roles
	more := array.concat(items, [object.union(owner, {"person": "eve", "role": "b"})])
	testing.passes("required_approvals", approved(more)) with config.approvals.required_roles.production as roles
}

test_fails_when_one_person_fills_two_of_three_roles if {
	roles := ["a", "b", "c"]
	items := [item |
		some person, held in {"ada": ["a", "b"], "bob": ["c"], "eve": ["c"]}
		some role in held
		item := object.union(owner, {"person": person, "role": role})
	]
	reason := not_distinct(["ada", "bob", "eve"], roles)
	testing.fails("required_approvals", approved(items), {reason}) with config.approvals.required_roles.production as roles
}

test_asks_only_for_the_roles_of_the_environment if {
	of_staging := object.union(owner, {"environment": "staging"})
	testing.passes("required_approvals", object.union(approved([of_staging]), {"environment": "staging"}))
}

test_fails_when_another_model_was_approved if {
	other := object.union(officer, {"model": facts.digests.previousModel})
	testing.fails("required_approvals", approved([owner, other]), {missing("privacy-officer")})
}

elsewhere := [
	{"environment": "staging"},
	{"endpoint": "elsewhere"},
	{"image_digest": "sha256:another"},
	{"promotion": "another"},
]

test_fails_when_another_release_was_approved if {
	every change in elsewhere {
		other := object.union(officer, change)
		testing.fails("required_approvals", approved([owner, other]), {missing("privacy-officer")})
	}
}

test_fails_when_an_approval_does_not_say_of_what_it_is if {
	every field in ["environment", "endpoint", "image_digest", "promotion"] {
		vague := object.remove(officer, [field])
		testing.fails("required_approvals", approved([owner, vague]), {missing("privacy-officer")})
	}
}

test_passes_when_no_endpoint_and_image_were_named_to_the_approver if {
	unbound := object.union(officer, {"endpoint": null, "image_digest": null})
	testing.passes("required_approvals", approved([owner, unbound]))
}

test_passes_when_the_promotion_that_asks_was_approved if {
	items := [object.union(approval, {"promotion": "promotion-1"}) | some approval in [owner, officer]]
	testing.passes("required_approvals", object.union(approved(items), {"promotion": "promotion-1"}))
}

test_ignores_a_rejection_of_another_release if {
	every change in elsewhere {
		other := object.union(rejection(officer, officer.decided_at), change)
		testing.passes("required_approvals", approved([owner, officer, other]))
	}
}

test_keeps_a_rejection_when_the_person_later_approved_another_release if {
	earlier := rejection(officer, "2026-02-21T09:00:00.000Z")
	every change in elsewhere {
		other := object.union(officer, change)
		reasons := {missing("privacy-officer"), rejected(earlier)}
		testing.fails("required_approvals", approved([owner, earlier, other]), reasons)
	}
}

at(approval, time) := object.union(approval, {"decided_at": time})

test_passes_when_an_approval_is_just_young_enough if {
	testing.passes("required_approvals", approved([owner, at(officer, "2026-01-22T10:00:00.000Z")]))
	testing.passes("required_approvals", approved([owner, at(officer, facts.passing.now)]))
}

test_fails_when_an_approval_is_too_old_or_ahead_or_of_no_time if {
	every time in ["2026-01-22T09:59:59.999Z", "2025-02-21T10:00:00.000Z", "2026-02-21T10:00:00.001Z", "yesterday"] {
		testing.fails("required_approvals", approved([owner, at(officer, time)]), {missing("privacy-officer")})
	}
}

test_keeps_a_rejection_of_any_age if {
	every time in ["2020-01-01T00:00:00.000Z", "yesterday"] {
		old := object.union(rejection(officer, time), {"person": "person-alan"})
		testing.fails("required_approvals", approved([owner, officer, old]), {rejected(old)})
	}
}

test_keeps_a_rejection_that_an_approval_of_the_future_would_replace if {
	no := rejection(officer, officer.decided_at)
	reasons := {missing("privacy-officer"), rejected(no)}
	testing.fails("required_approvals", approved([owner, no, at(officer, "2027-01-01T00:00:00.000Z")]), reasons)
}

test_fails_when_somebody_rejected if {
	rejection_of_officer := rejection(officer, officer.decided_at)
	reasons := {missing("privacy-officer"), rejected(rejection_of_officer)}
	testing.fails("required_approvals", approved([owner, rejection_of_officer]), reasons)
}

test_fails_when_one_of_two_with_a_role_rejected if {
	other := object.union(rejection(officer, officer.decided_at), {"person": "person-alan"})
	testing.fails("required_approvals", approved([owner, officer, other]), {rejected(other)})
}

test_fails_when_somebody_changed_their_mind if {
	later := rejection(officer, "2026-02-21T09:45:00.000Z")
	testing.fails("required_approvals", approved([owner, officer, later]), {missing("privacy-officer"), rejected(later)})
}

test_passes_when_somebody_was_convinced if {
	earlier := rejection(officer, "2026-02-21T09:00:00.000Z")
	testing.passes("required_approvals", approved([owner, officer, earlier]))
}

test_fails_when_somebody_changed_their_mind_by_another_spelling if {
	later := object.union(rejection(officer, "2026-02-21T09:45:00.000Z"), {"person": upper(officer.person)})
	testing.fails("required_approvals", approved([owner, officer, later]), {missing("privacy-officer"), rejected(later)})
}

test_keeps_a_rejection_that_the_person_gave_in_another_role if {
	earlier := object.union(rejection(officer, "2026-02-21T09:00:00.000Z"), {"role": "model-owner"})
	testing.fails("required_approvals", approved([owner, officer, earlier]), {rejected(earlier)})
}

test_keeps_a_rejection_when_the_person_later_approved_another_model if {
	earlier := rejection(officer, "2026-02-21T09:00:00.000Z")
	other := object.union(officer, {"model": facts.digests.previousModel})
	reasons := {missing("privacy-officer"), rejected(earlier)}
	testing.fails("required_approvals", approved([owner, earlier, other]), reasons)
}

test_ignores_a_rejection_of_another_model if {
	other := object.union(rejection(officer, officer.decided_at), {"model": facts.digests.previousModel})
	testing.passes("required_approvals", approved([owner, officer, other]))
}

test_is_undetermined_when_approvals_could_not_be_read if {
	reason := {"code": "facts_unknown", "params": {"code": "DEPENDENCY_UNAVAILABLE", "facts": "approvals"}}
	document := testing.with_facts({"approvals": {"known": false, "code": "DEPENDENCY_UNAVAILABLE"}})
	testing.is_undetermined("required_approvals", document, {reason})
}

test_is_undetermined_when_the_environment_asks_for_nobody if {
	reason := {"code": "policy_data_missing", "params": {"environment": "elsewhere"}}
	testing.is_undetermined("required_approvals", testing.with_facts({"environment": "elsewhere"}), {reason})
}

test_is_asked_at_release if {
	testing.does_not_apply("required_approvals", testing.with_facts({"phase": "request"}), "asked_at_release")
}
