package countersign.tests.way_back

import data.countersign.testing
import data.facts

previous := facts.passing.releases.items[0]

# With a critical finding about each of some models.
suspected(models, changes) := testing.with_facts(object.union(changes, {"findings": {"known": true, "items": [finding |
	some model in models
	finding := {"id": "finding-1", "severity": "critical", "about": model, "opened_at": facts.passing.now}
]}}))

released(releases) := {"releases": {"known": true, "items": releases}}

none := {"code": "no_release_to_return_to", "params": {"endpoint": facts.passing.endpoint}}

unknown(kind) := {"code": "facts_unknown", "params": {"code": "DEPENDENCY_UNAVAILABLE", "facts": kind}}

unread := {"known": false, "code": "DEPENDENCY_UNAVAILABLE"}

test_passes_when_there_is_a_release_before if testing.passes("way_back", facts.passing)

test_passes_for_a_first_deployment if testing.passes("way_back", suspected({previous.model}, released([])))

test_fails_when_the_release_before_is_not_to_be_trusted if {
	testing.fails("way_back", suspected({previous.model}, {}), {none})
}

test_passes_when_an_older_release_can_be_trusted if {
	older := object.union(previous, {"model": facts.digests.report})
	testing.passes("way_back", suspected({previous.model}, released([previous, older])))
}

test_fails_for_the_endpoint_in_other_letters_too if {
	shouted := upper(facts.passing.endpoint)
	document := object.union(suspected({previous.model}, {}), {"endpoint": shouted})
	testing.fails("way_back", document, {object.union(none, {"params": {"endpoint": shouted}})})
}

test_ignores_releases_on_other_endpoints if {
	elsewhere := object.union(previous, {"endpoint": "elsewhere", "model": facts.digests.report})
	testing.fails("way_back", suspected({previous.model}, released([previous, elsewhere])), {none})
}

test_takes_no_release_of_the_model_itself_for_a_way_back if {
	again := object.union(previous, {"model": facts.digests.model})
	testing.fails("way_back", suspected({previous.model}, released([again, previous])), {none})
	testing.passes("way_back", suspected(set(), released([again, previous])))
}

test_passes_when_only_the_model_itself_was_ever_released if {
	again := object.union(previous, {"model": facts.digests.model})
	testing.passes("way_back", suspected({facts.digests.model}, released([again])))
}

test_passes_when_the_finding_is_not_critical if {
	findings := {"known": true, "items": [{"id": "finding-1", "severity": "high", "about": previous.model}]}
	testing.passes("way_back", testing.with_facts({"findings": findings}))
}

test_is_undetermined_when_releases_could_not_be_read if {
	testing.is_undetermined("way_back", testing.with_facts({"releases": unread}), {unknown("releases")})
}

test_is_undetermined_when_findings_could_not_be_read if {
	testing.is_undetermined("way_back", testing.with_facts({"findings": unread}), {unknown("findings")})
}

test_passes_for_a_first_deployment_though_findings_could_not_be_read if {
	testing.passes("way_back", testing.with_facts(object.union({"findings": unread}, released([]))))
}

test_is_undetermined_when_no_endpoint_is_named_at_release if {
	document := testing.with_facts({"endpoint": null})
	testing.is_undetermined("way_back", document, {{"code": "endpoint_unknown", "params": {}}})
}

test_does_not_apply_when_no_endpoint_is_named_at_request if {
	document := testing.with_facts({"endpoint": null, "phase": "request"})
	testing.does_not_apply("way_back", document, "endpoint_asked_at_release")
}

test_passes_at_request_when_an_endpoint_is_named if {
	testing.passes("way_back", testing.with_facts({"phase": "request"}))
}
