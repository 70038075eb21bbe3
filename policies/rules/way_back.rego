# METADATA
# title: There is a way back
# description: |
#   If the release goes wrong, the endpoint can return to one before it whose model no critical finding is open about; after a
#   first deployment it is removed.
# scope: package
# custom:
#   severity: high
#   environments: [staging, production]
#   phases: [request, release]
#   controls: [A.5.30, A.8.32]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.way_back

import data.countersign.lib.findings

deny contains {"code": "no_release_to_return_to", "params": {"endpoint": input.endpoint}} if {
	count(releases) > 0
	every release in releases {
		release.model in suspect
	}
}

unknown contains {"code": "endpoint_unknown", "params": {}} if {
	input.phase == "release"
	not is_string(input.endpoint)
}

unknown contains {"code": "facts_unknown", "params": {"code": object.get(input.releases, "code", null), "facts": "releases"}} if {
	not input.releases.known
}

unknown contains reason if {
	count(releases) > 0
	some reason in findings.unknown
}

# At the release it is undetermined.
skip contains {"code": "endpoint_asked_at_release", "params": {}} if not is_string(input.endpoint)

# Of other models: from this one, there is no way back to itself.
releases := [release |
	some release in input.releases.items
	lower(release.endpoint) == lower(input.endpoint)
	release.model != input.model.sha256
]

suspect := {finding.about | some finding in findings.blocking}
