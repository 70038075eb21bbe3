# METADATA
# title: Manifests are complete
# description: |
#   Each stage that the environment asks for has a manifest about the model, and each thing in its lineage one that made it, with
#   every field that the stage must state.
# scope: package
# custom:
#   severity: high
#   environments: [experimental, staging, production]
#   phases: [request, release]
#   controls: [A.5.33, A.8.9]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.manifest_complete

import data.countersign.config.manifests as config
import data.countersign.lib.evidence
import data.countersign.lib.lineage

deny contains {"code": "manifest_missing", "params": {"model": input.model.sha256, "stage": stage}} if {
	some stage, manifests in about_model
	count(manifests) == 0
	count(lineage.unreadable) == 0
}

deny contains incomplete(manifest) if {
	some manifests in about_model
	no_complete(manifests)
	some manifest in manifests
}

deny contains incomplete(manifest) if {
	some manifests in lineage.makers
	no_complete(manifests)
	some manifest in manifests
}

# A job that failed may have left half of what it writes. Whoever ran it again has a newer manifest.
deny contains {"code": "stage_failed", "params": params} if {
	some groups in [about_model, lineage.makers]
	some manifests in groups
	some manifest in manifests
	manifest.received_at == max({one.received_at | some one in manifests})
	exit_code := object.get(manifest.predicate, ["job", "exit_code"], 0)
	exit_code != 0
	params := {"evidence": manifest.evidence, "exit_code": exit_code, "stage": manifest.stage}
}

unknown contains {"code": "policy_data_missing", "params": {"environment": input.environment}} if {
	not config.required_stages[input.environment]
}

unknown contains reason if some reason in lineage.unreadable

# Stage -> manifests that made the model in it, or worked on the model.
about_model[stage] := [manifest |
	some manifest in evidence.manifests
	manifest.stage == stage
	input.model.sha256 in part(manifest)
] if {
	some stage in config.required_stages[input.environment]
}

part(manifest) := manifest.outputs if {
	manifest.stage == "training"
} else := manifest.inputs

no_complete(manifests) if {
	every manifest in manifests {
		count(missing(manifest)) > 0
	}
}

incomplete(manifest) := {"code": "manifest_incomplete", "params": {
	"evidence": manifest.evidence,
	"missing": missing(manifest),
	"stage": manifest.stage,
}}

# Each as the fields of which one is wanted.
missing(manifest) := [fields |
	some fields in config.required_fields[manifest.stage]
	every field in fields {
		object.get(manifest.predicate, field, null) in {null, "", [], {}}
	}
]
