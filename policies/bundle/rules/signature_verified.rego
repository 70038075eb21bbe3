# METADATA
# title: Signatures hold
# description: |
#   Every piece of evidence about the model and what it was made from still verifies, its key had authority when it was received,
#   and no step of the making rests on a manifest that nobody signed or that a revoked key signed.
# scope: package
# custom:
#   severity: critical
#   environments: [experimental, staging, production]
#   phases: [request, release]
#   controls: [A.5.28, A.8.24]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: false
package countersign.rules.signature_verified

import data.countersign.lib.evidence
import data.countersign.lib.lineage
import data.countersign.lib.types

deny contains {"code": "signature_invalid", "params": {"evidence": attestation.evidence}} if {
	some attestation in input.attestations
	attestation.signature.state == "invalid"
}

deny contains {"code": code, "params": {"digest": digest, "evidence": attestation.evidence}} if {
	some attestation in input.attestations
	code := does_not_count[attestation.signature.state]
	attestation.predicate_type == types.manifest
	some digest in attestation.outputs
	digest in lineage.nodes
	not lineage.makers[digest]
}

deny contains {"code": "manifest_missing", "params": {"model": input.model.sha256, "stage": "training"}} if {
	not lineage.makers[input.model.sha256]
	not evidence.unreadable[types.manifest]
}

unknown contains reason if some reason in evidence.unreadable[_]

does_not_count := {"key_revoked": "manifest_key_revoked", "unsigned": "manifest_unsigned"}
