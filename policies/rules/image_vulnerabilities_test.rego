package countersign.tests.image_vulnerabilities

import data.countersign.config
import data.countersign.testing
import data.facts

found(vulnerabilities) := testing.patched("scan", [{
	"op": "replace",
	"path": "/predicate/scanner/result",
	"value": vulnerabilities,
}])

vulnerability(scores) := {"id": "CVE-1", "severity": [{"method": "any", "score": score} | some score in scores]}

over(severity, ids, limit) := {"code": "vulnerabilities_over_limit", "params": {
	"evidence": facts.evidence.scan,
	"found": count(ids),
	"ids": array.slice(ids, 0, 10),
	"limit": limit,
	"severity": severity,
}}

is_judged(scores, severity) if are_judged([vulnerability(scores)], {severity})

are_judged(vulnerabilities, severities) if {
	limits := {name: -1 | some name in ["none", "low", "medium", "high", "critical", "unknown"]}
	reasons := {over(name, ids, -1) |
		some name, _ in limits
		ids := ["CVE-1" | name in severities]
	}
	testing.fails("image_vulnerabilities", found(vulnerabilities), reasons) with config.images.limits.production as limits
}

test_passes_within_the_limits if testing.passes("image_vulnerabilities", facts.passing)

test_passes_when_nothing_was_found if testing.passes("image_vulnerabilities", found([]))

test_passes_at_the_limit if {
	testing.passes("image_vulnerabilities", found([vulnerability(["medium"]) | some _ in numbers.range(1, 20)]))
}

test_fails_over_the_limit if {
	ids := [sprintf("CVE-%02d", [i]) | some i in numbers.range(1, 21)]
	document := found([object.union(vulnerability(["medium"]), {"id": id}) | some id in array.reverse(ids)])
	testing.fails("image_vulnerabilities", document, {over("medium", ids, 20)})
}

test_allows_what_the_environment_allows if {
	document := object.union(found([vulnerability(["high"])]), {"environment": "staging"})
	testing.passes("image_vulnerabilities", document)
}

test_judges_words if {
	every word, severity in {
		"CRITICAL": "critical",
		"High": "high",
		"important": "high",
		"medium": "medium",
		"Moderate": "medium",
		"low": "low",
		"minor": "low",
		"negligible": "none",
		"none": "none",
	} {
		is_judged([word], severity)
	}
}

test_judges_numbers_as_cvss_does if {
	every number, severity in {
		"10.0": "critical",
		"9": "critical",
		"8.9": "high",
		"7.0": "high",
		"6.9": "medium",
		"4": "medium",
		"3.9": "low",
		"0.1": "low",
		"0": "none",
	} {
		is_judged([number], severity)
	}
}

test_believes_the_worst_of_several_methods if {
	is_judged(["low", "9.8", "medium"], "critical")
}

test_counts_what_one_method_says_illegibly_as_unknown_too if {
	every score in ["CVSS:3.1/AV:N/AC:L", "", null, 9.8] {
		are_judged([vulnerability(["low", score])], {"low", "unknown"})
	}
	are_judged([{"id": "CVE-1", "severity": [{"method": "nvd"}, {"method": "nvd", "score": "low"}]}], {"low", "unknown"})
}

test_counts_a_vulnerability_without_a_severity if {
	every nothing in [{"id": "CVE-1"}, {"id": "CVE-1", "severity": null}, {"id": "CVE-1", "severity": "low"}] {
		are_judged([nothing], {"unknown"})
	}
}

test_counts_a_vulnerability_without_a_name if {
	nameless := {"severity": [{"method": "any", "score": "critical"}]}
	testing.fails("image_vulnerabilities", found([nameless]), {over("critical", [null], 0)})
}

test_takes_a_severity_that_nobody_knows_for_unknown if {
	every scores in [[], ["CVSS:3.1/AV:N/AC:L"], ["5."], ["1e3"], [""]] {
		is_judged(scores, "unknown")
	}
}

test_fails_without_a_scan if {
	reason := {"code": "scan_missing", "params": {"image": facts.digests.image}}
	testing.fails("image_vulnerabilities", testing.without({"scan"}), {reason})
}

test_fails_when_another_image_was_scanned if {
	document := testing.patched("scan", [{"op": "replace", "path": "/subjects", "value": [facts.digests.model]}])
	reason := {"code": "scan_missing", "params": {"image": facts.digests.image}}
	testing.fails("image_vulnerabilities", document, {reason})
}

test_believes_the_newest_scan if {
	newer := json.patch(testing.attestation("scan"), [
		{"op": "replace", "path": "/evidence", "value": "newer"},
		{"op": "replace", "path": "/predicate/scanner/result", "value": [vulnerability(["critical"])]},
	])
	reason := json.patch(over("critical", ["CVE-1"], 0), [{"op": "replace", "path": "/params/evidence", "value": "newer"}])
	testing.fails("image_vulnerabilities", testing.with_more([newer]), {reason})
}

from_another(operations) := json.patch(
	found([vulnerability(["critical"])]),
	[{"op": "add", "path": "/attestations/-", "value": json.patch(testing.attestation("scan"), array.concat(
		[{"op": "replace", "path": "/evidence", "value": "another"}],
		operations,
	))}],
)

test_passes_when_the_same_scanner_finds_nothing_later if testing.passes("image_vulnerabilities", from_another([]))

test_fails_when_only_another_signer_finds_nothing if {
	document := from_another([{"op": "replace", "path": "/principal", "value": "somebody-else"}])
	testing.fails("image_vulnerabilities", document, {over("critical", ["CVE-1"], 0)})
}

test_fails_when_only_another_scanner_finds_nothing if {
	document := from_another([{"op": "replace", "path": "/predicate/scanner/uri", "value": "pkg:github/anchore/grype"}])
	testing.fails("image_vulnerabilities", document, {over("critical", ["CVE-1"], 0)})
}

too_old(time) := is_old("received_at", time)

is_old(event, time) := {"code": "scan_too_old", "params": {
	"at": time,
	"event": event,
	"evidence": facts.evidence.scan,
	"max_age_days": 30,
}}

test_fails_when_an_old_scan_is_sent_anew if {
	every time in ["2026-01-22T09:59:59Z", "2026-02-21", null] {
		operation := {"op": "replace", "path": "/predicate/metadata/scanFinishedOn", "value": time}
		testing.fails("image_vulnerabilities", testing.patched("scan", [operation]), {is_old("scan_finished_on", time)})
	}
}

test_fails_when_the_database_is_old if {
	path := "/predicate/scanner/db/lastUpdate"
	old := testing.patched("scan", [{"op": "replace", "path": path, "value": "2026-01-22T09:59:59Z"}])
	testing.fails("image_vulnerabilities", old, {is_old("db_last_update", "2026-01-22T09:59:59Z")})
	silent := testing.patched("scan", [{"op": "remove", "path": path}])
	testing.fails("image_vulnerabilities", silent, {is_old("db_last_update", null)})
}

received(time) := testing.patched("scan", [{"op": "replace", "path": "/received_at", "value": time}])

test_passes_when_the_scan_is_just_young_enough if {
	testing.passes("image_vulnerabilities", received("2026-01-22T10:00:00.000Z"))
}

test_fails_when_the_scan_is_too_old if {
	every time in ["2026-01-22T09:59:59.999Z", "2025-02-20T10:00:00.000Z", "2026-01-01T23:00:00.000Z"] {
		testing.fails("image_vulnerabilities", received(time), {too_old(time)})
	}
}

test_fails_when_the_age_cannot_be_told if {
	testing.fails("image_vulnerabilities", received("yesterday"), {too_old("yesterday")})
}

test_fails_when_the_image_is_not_pinned if {
	reason := {"code": "image_not_scannable", "params": {"model": facts.digests.model}}
	named_by_tag := {"image_digest": "serving:latest"}
	testing.fails("image_vulnerabilities", testing.with_facts(named_by_tag), {reason})
	unread := object.union(testing.signed({"training"}, "unreadable"), named_by_tag)
	testing.fails("image_vulnerabilities", unread, {reason})
}

early := {"image_digest": null, "phase": "request"}

test_judges_the_image_of_the_training_before_people_are_asked if {
	testing.passes("image_vulnerabilities", testing.with_facts(early))
}

test_fails_when_nobody_names_an_image_before_people_are_asked if {
	reason := {"code": "image_not_scannable", "params": {"model": facts.digests.model}}
	document := object.union(testing.patched("training", [{"op": "remove", "path": "/predicate/image_digest"}]), early)
	testing.fails("image_vulnerabilities", document, {reason})
}

test_is_undetermined_when_a_release_names_no_image if {
	reason := {"code": "image_unknown", "params": {}}
	testing.is_undetermined("image_vulnerabilities", testing.with_facts({"image_digest": null}), {reason})
}

test_is_undetermined_when_the_training_that_names_the_image_cannot_be_read if {
	document := object.union(testing.signed({"training"}, "unreadable"), early)
	testing.is_undetermined("image_vulnerabilities", document, {testing.unreadable("training")})
}

test_passes_when_the_asker_names_the_image_though_the_training_cannot_be_read if {
	testing.passes("image_vulnerabilities", testing.signed({"training"}, "unreadable"))
}

test_is_undetermined_when_the_scan_cannot_be_read if {
	document := testing.signed({"scan"}, "unreadable")
	testing.is_undetermined("image_vulnerabilities", document, {testing.unreadable("scan")})
}

test_is_undetermined_when_the_environment_has_no_limits if {
	reason := {"code": "policy_data_missing", "params": {"environment": "elsewhere"}}
	document := testing.with_facts({"environment": "elsewhere"})
	testing.is_undetermined("image_vulnerabilities", document, {reason})
}
