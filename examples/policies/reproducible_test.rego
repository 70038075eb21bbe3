package acme.reproducible_test

import data.acme.reproducible

model := "8a3c"

training := {
	"stage": "training",
	"signature": {"state": "verified"},
	"outputs": [model],
	"predicate": {"parameters": {"seed": 7}},
}

test_lets_pass_what_states_its_seed if {
	count(reproducible.deny) == 0 with input as {"model": {"sha256": model}, "attestations": [training]}
}

test_denies_what_states_none if {
	silent := json.remove(training, ["/predicate/parameters/seed"])
	some denial in reproducible.deny with input as {"model": {"sha256": model}, "attestations": [silent]}
	denial.code == "seed_missing"
}

test_denies_what_does_not_verify if {
	unsigned := object.union(training, {"signature": {"state": "unsigned"}})
	count(reproducible.deny) == 1 with input as {"model": {"sha256": model}, "attestations": [unsigned]}
}

test_denies_what_was_trained_for_another_model if {
	count(reproducible.deny) == 1 with input as {"model": {"sha256": "other"}, "attestations": [training]}
}
