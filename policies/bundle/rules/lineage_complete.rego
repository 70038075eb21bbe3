# METADATA
# title: The lineage is whole
# description: |
#   Verified manifests lead from the model's training back to the ingest of every data set that it rests on, without a gap and
#   without a circle.
# scope: package
# custom:
#   severity: critical
#   environments: [experimental, staging, production]
#   phases: [request, release]
#   controls: [A.5.9, A.5.33]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: false
package countersign.rules.lineage_complete

import data.countersign.lib.lineage

deny contains {"code": "lineage_cyclic", "params": {"digests": input.lineage.cycle}} if is_array(input.lineage.cycle)

deny contains {"code": "training_missing", "params": {"model": input.model.sha256}} if {
	count(lineage.trainings) == 0
	count(lineage.unreadable) == 0
}

deny contains {"code": "training_without_data", "params": {"model": input.model.sha256}} if {
	count(lineage.trainings) > 0
	not lineage.parents[input.model.sha256]
	count(lineage.unreadable) == 0
}

deny contains {"code": "origin_unknown", "params": {"dataset": digest}} if {
	some digest in lineage.sources
	not was_ingested(digest)
	count(lineage.unreadable) == 0
}

unknown contains reason if some reason in (lineage.incomplete | lineage.unreadable)

was_ingested(digest) if {
	some manifest in lineage.makers[digest]
	manifest.stage == "ingest"
}
