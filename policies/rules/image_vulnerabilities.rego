# METADATA
# title: The image's vulnerabilities are within limits
# description: |
#   A recent scan of the image found no more vulnerabilities of each severity than the environment allows.
# scope: package
# custom:
#   severity: high
#   environments: [staging, production]
#   phases: [request, release]
#   controls: [A.8.8]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.image_vulnerabilities

import data.countersign.config.images as config
import data.countersign.lib.evidence
import data.countersign.lib.image
import data.countersign.lib.instants
import data.countersign.lib.types

deny contains {"code": "image_not_scannable", "params": {"model": input.model.sha256}} if image.unnamed

deny contains {"code": "image_not_scannable", "params": {"model": input.model.sha256}} if {
	image.name
	not image.digest
}

deny contains {"code": "scan_missing", "params": {"image": image.digest}} if {
	count(scans) == 0
	not evidence.unreadable[types.vulns]
}

deny contains {"code": "scan_too_old", "params": params} if {
	some scan in newest
	some event, time in times(scan)
	not is_recent(time)
	params := {"at": time, "event": event, "evidence": scan.evidence, "max_age_days": config.max_scan_age_days}
}

deny contains {"code": "vulnerabilities_over_limit", "params": params} if {
	some scan in newest
	found := [[severities_of(vulnerability), object.get(vulnerability, "id", null)] |
		some vulnerability in scan.predicate.scanner.result
	]
	some severity, limit in config.limits[input.environment]
	ids := sort([id | some [severities, id] in found; severity in severities])
	count(ids) > limit
	params := {
		"evidence": scan.evidence,
		"found": count(ids),
		"ids": array.slice(ids, 0, 10),
		"limit": limit,
		"severity": severity,
	}
}

unknown contains {"code": "policy_data_missing", "params": {"environment": input.environment}} if {
	not config.limits[input.environment]
}

unknown contains reason if some reason in evidence.unreadable[types.vulns]

unknown contains reason if some reason in image.unknown

scans := [attestation |
	some attestation in evidence.scans
	image.digest in attestation.subjects
]

# Of each signer and scanner: what one finds another may not know of.
newest contains scans[max(positions)] if some _, positions in by_source

by_source[source] contains i if {
	some i, scan in scans
	source := [scan.principal, object.get(scan.predicate, ["scanner", "uri"], null)]
}

# An old scan that is sent anew, or one by an old database, knows nothing of what was found since.
times(scan) := {
	"received_at": scan.received_at,
	"scan_finished_on": object.get(scan.predicate, ["metadata", "scanFinishedOn"], null),
	"db_last_update": object.get(scan.predicate, ["scanner", "db", "lastUpdate"], null),
}

is_recent(time) if {
	age := instants.milliseconds(input.now) - instants.milliseconds(time)
	age <= config.max_scan_age_days * instants.day
}

# The worst that any method says. What a method says in words that nobody knows may be worse: it is unknown as well, as is the
# severity that no method states.
severities_of(vulnerability) := {names[max(ranks)]} | {"unknown" | -1 in ranks} if {
	ranks := {rank(score) | some score in scores_of(vulnerability)}
}

scores_of(vulnerability) := scores if {
	scores := {object.get(severity, "score", null) | some severity in object.get(vulnerability, "severity", [])}
	count(scores) > 0
} else := {null}

names := {-1: "unknown", 0: "none", 1: "low", 2: "medium", 3: "high", 4: "critical"}

# -1 for what cannot be read.
rank(score) := stated if {
	stated := words[lower(score)]
} else := count([bound | some bound in cvss_bounds; to_number(score) >= bound]) if {
	is_decimal(score)
} else := -1

words := {"critical": 4, "high": 3, "important": 3, "medium": 2, "moderate": 2, "low": 1, "minor": 1, "negligible": 0, "none": 0}

# Where low, medium, high and critical begin (CVSS v4.0, "Qualitative Severity Rating Scale").
cvss_bounds := [0.1, 4, 7, 9]

is_decimal(score) if regex.match(`^[0-9]{1,2}(\.[0-9]{1,3})?$`, score)
