package countersign.testing

# What a test says of one rule: its verdict and all of its reasons.

import data.countersign.gate

passes(rule, document) if judged(rule, document) == {"verdict": "pass", "reasons": set()}

fails(rule, document, reasons) if judged(rule, document) == {"verdict": "fail", "reasons": reasons}

is_undetermined(rule, document, reasons) if {
	judged(rule, document) == {"verdict": "undetermined", "reasons": reasons}
}

does_not_apply(rule, document, code) if {
	judged(rule, document) == {"verdict": "not_applicable", "reasons": {{"code": code, "params": {}}}}
}

judged(rule, document) := {"verdict": outcome.verdict, "reasons": {reason | some reason in outcome.reasons}} if {
	outcome := gate.outcome(rule) with input as document
}
