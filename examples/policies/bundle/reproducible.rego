package acme.reproducible

import data.acme.reproducible.deny

seeds contains attestation.predicate.parameters.seed if {
	some attestation in input.attestations
	attestation.signature.state == "verified"
	attestation.stage == "training"
	input.model.sha256 in attestation.outputs
}
