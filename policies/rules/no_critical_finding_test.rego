package countersign.tests.no_critical_finding

import data.countersign.testing
import data.facts

finding(about, severity) := {"id": "finding-1", "severity": severity, "about": about, "opened_at": facts.passing.now}

found(findings) := testing.with_facts({"findings": {"known": true, "items": findings}})

open(about) := {"code": "finding_open", "params": {"about": about, "id": "finding-1", "severity": "critical"}}

test_passes_when_nothing_is_open if testing.passes("no_critical_finding", facts.passing)

test_passes_when_nothing_critical_is_open if {
	every severity in ["low", "medium", "high"] {
		testing.passes("no_critical_finding", found([finding(facts.digests.model, severity)]))
	}
}

test_fails_for_the_model_its_data_its_keys_and_the_endpoint if {
	keyid := testing.attestation("consent").signature.keyid
	every about in [facts.digests.model, facts.digests.train, facts.digests.dataset, keyid, facts.passing.endpoint] {
		testing.fails("no_critical_finding", found([finding(about, "critical")]), {open(about)})
	}
}

test_fails_for_the_endpoint_in_whatever_letters_it_is_written if {
	about := upper(facts.passing.endpoint)
	testing.fails("no_critical_finding", found([finding(about, "critical")]), {open(about)})
	document := object.union(found([finding(facts.passing.endpoint, "critical")]), {"endpoint": about})
	testing.fails("no_critical_finding", document, {open(facts.passing.endpoint)})
}

test_fails_for_the_model_though_no_endpoint_is_named if {
	document := object.union(found([finding(facts.digests.model, "critical")]), {"endpoint": null})
	testing.fails("no_critical_finding", document, {open(facts.digests.model)})
}

test_passes_for_a_finding_about_something_else if {
	testing.passes("no_critical_finding", found([finding(facts.digests.previousModel, "critical")]))
}

test_is_undetermined_when_findings_could_not_be_read if {
	reason := {"code": "facts_unknown", "params": {"code": "DEPENDENCY_UNAVAILABLE", "facts": "findings"}}
	document := testing.with_facts({"findings": {"known": false, "code": "DEPENDENCY_UNAVAILABLE"}})
	testing.is_undetermined("no_critical_finding", document, {reason})
}
