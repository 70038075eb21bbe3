# Somebody else's rule, as conftest and Gatekeeper write them: a set of denials, empty when there is nothing to say.
package acme.reproducible

deny contains denial if {
	count(seeds) == 0
	denial := {
		"msg": "no verified training of the model states its seed in parameters.seed",
		"code": "seed_missing",
		"details": {"model": input.model.sha256},
	}
}

# What nobody signed, or what no longer verifies, states nothing.
seeds contains attestation.predicate.parameters.seed if {
	some attestation in input.attestations
	attestation.signature.state == "verified"
	attestation.stage == "training"
	input.model.sha256 in attestation.outputs
}
