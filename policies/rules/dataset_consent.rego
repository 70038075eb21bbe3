# METADATA
# title: Data may be used
# description: |
#   For every data set that the model rests on, somebody with the authority to say so attests that it may be used: by consent,
#   licence or another basis.
# scope: package
# custom:
#   severity: critical
#   environments: [staging, production]
#   phases: [request, release]
#   controls: [A.5.31, A.5.34]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.dataset_consent

import data.countersign.lib.assertions
import data.countersign.lib.lineage

deny contains {"code": "consent_missing", "params": {"dataset": digest}} if {
	some digest in missing
	assertions.readable
}

unknown contains reason if some reason in lineage.unknown

unknown contains reason if {
	count(missing) > 0
	some reason in assertions.unreadable
}

missing := lineage.sources - assertions.asserted("DATASET_CONSENT")
