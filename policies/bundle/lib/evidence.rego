# METADATA
# title: Attestations that count
# description: |
#   Nothing but what verifies counts for anything. Lists keep the order of receipt, so that the last one is the newest.
package countersign.lib.evidence

import data.countersign.lib.types

cards := of_type(types.cyclonedx)

manifests := of_type(types.manifest)

provenance := of_type(types.slsa_provenance)

reports := of_type(types.scai)

scans := of_type(types.vulns)

results := of_type(types.result)

of_type(type) := [attestation |
	some attestation in input.attestations
	attestation.signature.state == "verified"
	attestation.predicate_type == type
]

newest(attestations) := attestations[count(attestations) - 1]

# The newest of each signer: what one says does not hide what another said.
newest_of_each(attestations) := {newest(own) |
	some signer in {attestation.principal | some attestation in attestations}
	own := [attestation | some attestation in attestations; attestation.principal == signer]
}

# What could not be read might say anything that its type can say.
unreadable[type] contains reason if {
	some attestation in input.attestations
	attestation.signature.state == "unreadable"
	type := attestation.predicate_type
	reason := {"code": "evidence_unreadable", "params": {"evidence": attestation.evidence, "predicate_type": type}}
}
