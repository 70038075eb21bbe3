package countersign.tests.signature_verified

import data.countersign.testing
import data.facts

counts_nothing(code, name, digest) := {"code": code, "params": {"digest": digest, "evidence": facts.evidence[name]}}

no_manifest := {"code": "manifest_missing", "params": {"model": facts.digests.model, "stage": "training"}}

test_passes_when_every_signature_holds if testing.passes("signature_verified", facts.passing)

test_fails_when_any_evidence_no_longer_verifies if {
	every name in ["consent", "scan", "ingest"] {
		reason := {"code": "signature_invalid", "params": {"evidence": facts.evidence[name]}}
		testing.fails("signature_verified", testing.signed({name}, "invalid"), {reason})
	}
}

test_fails_when_the_model_rests_on_an_unsigned_manifest if {
	reasons := {no_manifest, counts_nothing("manifest_unsigned", "training", facts.digests.model)}
	testing.fails("signature_verified", testing.signed({"training"}, "unsigned"), reasons)
}

test_fails_when_the_model_rests_on_a_manifest_of_a_revoked_key if {
	reasons := {no_manifest, counts_nothing("manifest_key_revoked", "training", facts.digests.model)}
	testing.fails("signature_verified", testing.signed({"training"}, "key_revoked"), reasons)
}

test_fails_when_the_data_rests_on_an_unsigned_manifest if {
	reason := counts_nothing("manifest_unsigned", "ingest", facts.digests.dataset)
	testing.fails("signature_verified", testing.signed({"ingest"}, "unsigned"), {reason})
}

test_passes_when_a_verified_manifest_says_the_same if {
	unsigned := json.patch(testing.attestation("training"), [
		{"op": "replace", "path": "/signature/state", "value": "unsigned"},
		{"op": "replace", "path": "/evidence", "value": "unsigned"},
	])
	testing.passes("signature_verified", testing.with_more([unsigned]))
}

test_passes_when_what_is_unsigned_made_something_else if {
	testing.passes("signature_verified", testing.signed({"registration"}, "unsigned"))
}

test_passes_when_what_is_unsigned_is_no_manifest if {
	testing.passes("signature_verified", testing.signed({"consent", "provenance"}, "unsigned"))
}

test_blames_no_unsigned_provenance_for_a_missing_manifest if {
	document := testing.dropping(testing.signed({"provenance"}, "unsigned"), {"training"})
	testing.fails("signature_verified", document, {no_manifest})
}

test_fails_when_no_manifest_made_the_model if {
	testing.fails("signature_verified", testing.without({"training"}), {no_manifest})
}

test_is_undetermined_when_any_evidence_cannot_be_read if {
	every name in ["consent", "scan", "training"] {
		document := testing.signed({name}, "unreadable")
		testing.is_undetermined("signature_verified", document, {testing.unreadable(name)})
	}
}
