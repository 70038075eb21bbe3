# METADATA
# title: Facts for tests, by what they differ in from a release that passes
package countersign.testing

import data.facts

# The facts with some fields of the whole replaced.
with_facts(changes) := {field: object.get(changes, field, value) | some field, value in facts.passing}

# The facts without some attestations, by their names.
without(names) := dropping(facts.passing, names)

dropping(document, names) := object.union(document, {"attestations": attestations}) if {
	attestations := [attestation |
		some attestation in document.attestations
		not attestation.evidence in {facts.evidence[name] | some name in names}
	]
}

# The facts with one attestation changed by JSON Patch (RFC 6902).
patched(name, operations) := replaced([changed |
	some attestation in facts.passing.attestations
	changed := patch_if(attestation.evidence == facts.evidence[name], attestation, operations)
])

patch_if(true, attestation, operations) := json.patch(attestation, operations)

patch_if(false, attestation, _) := attestation

# The facts with more attestations, received last.
with_more(attestations) := replaced(array.concat(facts.passing.attestations, attestations))

replaced(attestations) := json.patch(facts.passing, [{"op": "replace", "path": "/attestations", "value": attestations}])

# The facts with the signatures of some attestations in another state. What cannot be used tells nothing but its type.
signed(names, state) := replaced([changed |
	some attestation in facts.passing.attestations
	changed := signed_if(
		attestation.evidence in {facts.evidence[name] | some name in names},
		attestation,
		state,
	)
])

signed_if(true, attestation, state) := object.union(attestation, {"signature": {"state": state}}) if {
	state in {"key_revoked", "unsigned", "verified"}
}

signed_if(true, attestation, state) := object.union(attestation, {
	"commits": [],
	"inputs": [],
	"outputs": [],
	"predicate": null,
	"signature": {"keyid": null, "role": null, "state": state},
	"subjects": [],
}) if {
	state in {"invalid", "unreadable"}
}

signed_if(false, attestation, _) := attestation

attestation(name) := found[0] if {
	found := [candidate |
		some candidate in facts.passing.attestations
		candidate.evidence == facts.evidence[name]
	]
}

# What a rule says when an attestation cannot be read.
unreadable(name) := {"code": "evidence_unreadable", "params": {
	"evidence": facts.evidence[name],
	"predicate_type": attestation(name).predicate_type,
}}
