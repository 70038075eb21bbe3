# METADATA
# title: Measurements against thresholds that were fixed before
package countersign.lib.thresholds

import data.countersign.lib.evidence
import data.countersign.lib.instants
import data.countersign.lib.results
import data.countersign.lib.types

# Kind of test -> SCAI attribute that fixes its thresholds.
attributes := {"evaluation": "EVALUATION_THRESHOLDS", "fairness": "FAIRNESS_THRESHOLDS"}

# The newest result of each kind.
result_of[kind] := evidence.newest(results.of_kind[kind])

# The newest evaluation of the model.
evaluation := evidence.newest([manifest |
	some manifest in evidence.manifests
	manifest.stage == "evaluation"
	input.model.sha256 in manifest.inputs
])

# Thresholds whose digest the result names. Of several that claim one digest each must hold.
named[kind] contains thresholds if {
	some kind, result in result_of
	digests := {entry.digest.sha256 | some entry in result.predicate.configuration}
	some report in evidence.reports
	some assertion in report.predicate.attributes
	assertion.attribute == attributes[kind]
	assertion.target.digest.sha256 in digests
	assertion.target.digest.sha256 in report.subjects
	thresholds := {
		"evidence": report.evidence,
		"received_at": report.received_at,
		"bounds": conditions(assertion),
	}
}

# What is no object fixes nothing.
conditions(assertion) := assertion.conditions if {
	is_object(assertion.conditions)
} else := {}

# Who has seen the measurements can fix thresholds that they pass.
fixed[kind] contains thresholds if {
	some kind, several in named
	some thresholds in several
	every later in [result_of[kind], evaluation] {
		instants.milliseconds(thresholds.received_at) < instants.milliseconds(later.received_at)
	}
}

denied[kind] contains reason if {
	some kind, result in result_of
	not named[kind]
	not evidence.unreadable[types.scai]
	params := {"attribute": attributes[kind], "evidence": result.evidence, "kind": kind}
	reason := {"code": "thresholds_missing", "params": params}
}

denied[kind] contains reason if {
	some kind, result in result_of
	not evaluation
	not evidence.unreadable[types.manifest]
	reason := {"code": "evaluation_missing", "params": {"evidence": result.evidence, "kind": kind}}
}

denied[kind] contains reason if {
	some kind, several in named
	not fixed[kind]
	evidences := sort({thresholds.evidence | some thresholds in several})
	reason := {"code": "thresholds_too_late", "params": {"evaluation": evaluation.evidence, "kind": kind, "thresholds": evidences}}
}

denied[kind] contains reason if {
	some kind, several in fixed
	some thresholds in several
	count(thresholds.bounds) == 0
	reason := {"code": "thresholds_empty", "params": {"kind": kind, "thresholds": thresholds.evidence}}
}

# The producer's own comparison is a claim: the values are compared again.
denied[kind] contains reason if {
	some kind, several in fixed
	some thresholds in several
	some metric, bounds in thresholds.bounds
	value := object.get(evaluation.predicate, ["metrics", metric], null)
	code := miss(value, bounds)
	reason := {"code": code, "params": {
		"bounds": bounds,
		"evaluation": evaluation.evidence,
		"kind": kind,
		"metric": metric,
		"thresholds": thresholds.evidence,
		"value": value,
	}}
}

miss(value, bounds) := "threshold_malformed" if {
	not well_formed(bounds)
} else := "metric_missing" if {
	not is_number(value)
} else := "metric_too_low" if {
	value < bounds.at_least
} else := "metric_too_high" if {
	value > bounds.at_most
}

# A bound under any other name would bind nothing.
well_formed(bounds) if {
	is_object(bounds)
	count(bounds) > 0
	every name, bound in bounds {
		name in {"at_least", "at_most"}
		is_number(bound)
	}
}

unreadable contains reason if {
	some type in {types.manifest, types.scai}
	some reason in evidence.unreadable[type]
}
