# METADATA
# title: Data may be used
# description: |
#   For every data set that the model rests on, somebody with the authority to say so attests that it may be used: by consent,
#   licence or another basis; and nobody who may say so denies it.
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
	some digest in ((lineage.sources - assertions.asserted("DATASET_CONSENT")) - assertions.denied("DATASET_CONSENT"))
	assertions.readable
}

# Also of a data set that was made from others.
deny contains {"code": "consent_denied", "params": {"dataset": refusal.digest, "evidence": refusal.evidence}} if {
	some refusal in assertions.refusals("DATASET_CONSENT")
	refusal.digest in lineage.datasets
}

# What cannot be read may take back what was said before.
unknown contains reason if some reason in (lineage.unknown | assertions.unreadable)
