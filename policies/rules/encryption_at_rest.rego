# METADATA
# title: Data and model are encrypted at rest
# description: |
#   Whoever runs the storage attests that the model and every data set of its lineage are encrypted where they lie.
# scope: package
# custom:
#   severity: high
#   environments: [staging, production]
#   phases: [request, release]
#   controls: [A.8.24]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.encryption_at_rest

import data.countersign.lib.assertions
import data.countersign.lib.lineage

deny contains {"code": "dataset_encryption_missing", "params": {"dataset": digest}} if {
	some digest in (missing - {input.model.sha256})
	assertions.readable
}

deny contains {"code": "model_encryption_missing", "params": {"model": input.model.sha256}} if {
	input.model.sha256 in missing
	assertions.readable
}

# What cannot be read may take back what was said before.
unknown contains reason if some reason in (lineage.unknown | assertions.unreadable)

# Data may be used because its source may; where a copy of it lies, its source says nothing of.
missing := (lineage.datasets | {input.model.sha256}) - assertions.asserted("ENCRYPTED_AT_REST")
