package countersign.tests.waivers

import data.countersign.testing
import data.countersign.waivers
import data.facts

everywhere := {"model": null, "dataset": null, "endpoint": null, "environment": null}

waiver := {
	"evidence": "waiver-1",
	"rule": "dataset_consent",
	"scope": object.union(everywhere, {"model": facts.digests.model}),
	"reason": "the licence is being renewed",
	"compensating_control": "the endpoint serves nobody outside",
	"not_before": "2026-02-20T00:00:00.000Z",
	"not_after": "2026-03-20T00:00:00.000Z",
	"requester": "person-grace",
	"approver": {"principal": "person-linus", "role": "data-owner"},
}

missing(digest) := {"code": "consent_missing", "params": {"dataset": digest}}

holds(changes, reasons) := evidence if {
	evidence := waivers.covering("dataset_consent", reasons) with input as granted([object.union(waiver, changes)])
}

granted(items) := testing.with_facts({"waivers": {"known": true, "items": items}})

scoped(scope) := {"scope": object.union(everywhere, scope)}

test_covers_its_rule_and_names_its_evidence if holds({}, [missing(facts.digests.dataset)]) == "waiver-1"

test_covers_no_other_rule if not holds({"rule": "model_card"}, [missing(facts.digests.dataset)])

test_holds_from_its_beginning_to_before_its_end if {
	holds({"not_before": facts.passing.now}, [missing(facts.digests.dataset)])
	not holds({"not_before": "2026-02-21T10:00:00.001Z"}, [missing(facts.digests.dataset)])
	holds({"not_after": "2026-02-21T10:00:00.001Z"}, [missing(facts.digests.dataset)])
	not holds({"not_after": facts.passing.now}, [missing(facts.digests.dataset)])
}

test_does_not_hold_for_longer_than_it_may if {
	holds({"not_after": "2026-05-21T00:00:00.000Z"}, [missing(facts.digests.dataset)])
	every end in ["2026-05-21T00:00:00.001Z", "2036-02-20T00:00:00.000Z"] {
		not holds({"not_after": end}, [missing(facts.digests.dataset)])
	}
}

test_does_not_hold_when_its_times_cannot_be_told if {
	not holds({"not_before": "yesterday"}, [missing(facts.digests.dataset)])
	not holds({"not_after": "never"}, [missing(facts.digests.dataset)])
}

test_does_not_hold_when_the_requester_approved_it if {
	not holds({"approver": {"principal": "person-grace", "role": "data-owner"}}, [missing(facts.digests.dataset)])
}

test_does_not_hold_when_the_requester_approved_it_by_another_spelling if {
	not holds({"approver": {"principal": "Person-Grace", "role": "data-owner"}}, [missing(facts.digests.dataset)])
}

test_does_not_hold_without_an_approver if {
	without := json.remove(waiver, ["approver/principal"])
	not waivers.covering("dataset_consent", [missing(facts.digests.dataset)]) with input as granted([without])
}

test_holds_for_each_scope_that_is_met if {
	every scope in [
		{"model": facts.digests.model},
		{"dataset": facts.digests.dataset},
		{"endpoint": facts.passing.endpoint},
		{"environment": "production"},
		{"model": facts.digests.model, "environment": "production"},
	] {
		holds(scoped(scope), [missing(facts.digests.dataset)])
	}
}

test_does_not_hold_when_any_part_of_its_scope_is_not_met if {
	every scope in [
		{"model": facts.digests.previousModel},
		{"dataset": facts.digests.holdout},
		{"endpoint": "elsewhere"},
		{"environment": "staging"},
		{"model": facts.digests.model, "environment": "staging"},
		{"model": facts.digests.model, "endpoint": "elsewhere"},
	] {
		not holds(scoped(scope), [missing(facts.digests.dataset)])
	}
}

test_does_not_hold_for_everything if not holds(scoped({}), [missing(facts.digests.dataset)])

test_for_one_data_set_is_none_for_another if {
	scope := {"dataset": facts.digests.dataset}
	not holds(scoped(scope), [missing(facts.digests.train)])
	not holds(scoped(scope), [missing(facts.digests.dataset), missing(facts.digests.train)])
}

test_for_a_data_set_covers_no_reason_that_names_none if {
	scope := {"dataset": facts.digests.dataset}
	not holds(scoped(scope), [{"code": "provenance_missing", "params": {"model": facts.digests.model}}])
}

test_for_a_data_set_that_the_model_does_not_rest_on_holds_for_nothing if {
	scope := {"dataset": facts.digests.holdout}
	not holds(scoped(scope), [missing(facts.digests.holdout)])
}

test_for_the_model_covers_every_data_set if {
	holds(scoped({"model": facts.digests.model}), [missing(facts.digests.dataset), missing(facts.digests.train)])
}
