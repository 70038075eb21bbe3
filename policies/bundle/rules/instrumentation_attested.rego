# METADATA
# title: The serving code is instrumented
# description: |
#   Somebody attests that traces of the served model carry its digest, so that what runs can be told from what was approved.
# scope: package
# custom:
#   severity: medium
#   environments: [production]
#   phases: [request, release]
#   controls: [A.8.15, A.8.16]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.instrumentation_attested

import data.countersign.lib.assertions

deny contains {"code": "instrumentation_missing", "params": {"model": input.model.sha256}} if {
	not input.model.sha256 in assertions.asserted("INSTRUMENTED")
	assertions.readable
}

# What cannot be read may take back what was said before.
unknown contains reason if some reason in assertions.unreadable
