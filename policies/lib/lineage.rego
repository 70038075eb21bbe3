# METADATA
# title: What the model was made from
# description: |
#   As manifests tell it that verify: from what a stage read to what it made. Provenance names tools and images too, which are
#   no data, and therefore adds no step.
package countersign.lib.lineage

import data.countersign.lib.evidence
import data.countersign.lib.types

# Digest -> what it was made from.
parents[edge.to] contains edge.from if {
	some edge in input.lineage.edges
	edge.evidence in manifest_ids
}

manifest_ids := {manifest.evidence | some manifest in evidence.manifests}

# The model and all that it was made from.
nodes := graph.reachable({node: object.get(parents, node, set()) | some node in input.lineage.nodes}, {input.model.sha256})

datasets := nodes - {input.model.sha256}

# Data sets that were made from nothing known. What holds of them holds of what was made from them.
sources contains digest if {
	some digest in datasets
	not parents[digest]
}

# What came in from outside stays a source, whatever somebody says that it was made from.
sources contains digest if {
	some digest in datasets
	some manifest in makers[digest]
	manifest.stage == "ingest"
}

# Digest -> manifests of the stage that made it.
makers[digest] contains manifest if {
	some manifest in evidence.manifests
	some digest in manifest.outputs
	digest in nodes
}

trainings := [manifest |
	some manifest in evidence.manifests
	manifest.stage == "training"
	input.model.sha256 in manifest.outputs
]

incomplete contains {"code": "lineage_incomplete", "params": {"code": object.get(input.lineage, "code", null)}} if {
	not input.lineage.complete
}

# Why it is not known which data sets to ask about.
unknown contains reason if some reason in incomplete

unknown contains {"code": "datasets_unknown", "params": {"model": input.model.sha256}} if count(sources) == 0

unreadable contains reason if some reason in evidence.unreadable[types.manifest]
