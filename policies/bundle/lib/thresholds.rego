# METADATA
# title: Measurements against thresholds that were fixed before
package countersign.lib.thresholds

import data.countersign.config.thresholds as config
import data.countersign.lib.evidence
import data.countersign.lib.instants
import data.countersign.lib.lineage
import data.countersign.lib.results
import data.countersign.lib.types

# Kind of test -> SCAI attribute that fixes its thresholds.
attributes := {"evaluation": "EVALUATION_THRESHOLDS", "fairness": "FAIRNESS_THRESHOLDS"}

evaluations := [manifest |
	some manifest in evidence.manifests
	manifest.stage == "evaluation"
	input.model.sha256 in manifest.inputs
]

# The newest evaluation of the model.
evaluation := evidence.newest(evaluations)

# What the model is called, as its trainings say: null where none says it.
names := called if {
	count(called) > 0
} else := {null}

called := {training.predicate.model.id |
	some training in lineage.trainings
	training.predicate.model.sha256 == input.model.sha256
}

model_annotation := "countersign.dev/model"

# What was fixed for models of a name, by who may, oldest first.
attested(kind, name) := [thresholds |
	some report in evidence.reports
	report.signature.role in config.roles
	some assertion in report.predicate.attributes
	assertion.attribute == attributes[kind]
	assertion.target.annotations[model_annotation] == name
	assertion.target.digest.sha256 in report.subjects
	thresholds := {
		"evidence": report.evidence,
		"received_at": report.received_at,
		"digest": assertion.target.digest.sha256,
		"bounds": conditions(assertion),
	}
]

# What is no object fixes nothing.
conditions(assertion) := assertion.conditions if {
	is_object(assertion.conditions)
} else := {}

# Who has seen the measurements can fix thresholds that they pass: those count that the result and a measurement came after.
fixed(kind, name, result) := [thresholds |
	some thresholds in attested(kind, name)
	every later in [result, evaluation] {
		is_after(later, thresholds)
	}
]

# The newest of these: who could choose among all that were ever attested would take the laxest.
newest(kind, name, result) := {thresholds |
	fixed_in_time := fixed(kind, name, result)
	some thresholds in fixed_in_time
	thresholds.evidence == evidence.newest(fixed_in_time).evidence
}

is_after(later, thresholds) if {
	instants.milliseconds(thresholds.received_at) < instants.milliseconds(later.received_at)
}

denied[kind] contains reason if {
	some kind, several in results.newest
	some result in several
	some name in names
	count(attested(kind, name)) == 0
	not evidence.unreadable[types.scai]
	params := {"attribute": attributes[kind], "evidence": result.evidence, "kind": kind, "model_id": name}
	reason := {"code": "thresholds_missing", "params": params}
}

denied[kind] contains reason if {
	some kind, several in results.newest
	some result in several
	not evaluation
	not evidence.unreadable[types.manifest]
	reason := {"code": "evaluation_missing", "params": {"evidence": result.evidence, "kind": kind}}
}

denied[kind] contains reason if {
	some kind, several in results.newest
	some result in several
	some name in names
	count(attested(kind, name)) > 0
	count(fixed(kind, name, result)) == 0
	evidences := sort({thresholds.evidence | some thresholds in attested(kind, name)})
	reason := {"code": "thresholds_too_late", "params": {"evaluation": evaluation.evidence, "kind": kind, "thresholds": evidences}}
}

denied[kind] contains reason if {
	some kind, several in results.newest
	some result in several
	some name in names
	some thresholds in newest(kind, name, result)
	not thresholds.digest in digests_in(result)
	params := {"digest": thresholds.digest, "evidence": result.evidence, "kind": kind, "thresholds": thresholds.evidence}
	reason := {"code": "thresholds_not_newest", "params": params}
}

digests_in(result) := {entry.digest.sha256 | some entry in result.predicate.configuration}

# Kind of test -> thresholds that count, whatever the result names.
binding[kind] contains thresholds if {
	some kind, several in results.newest
	some result in several
	some name in names
	some thresholds in newest(kind, name, result)
}

denied[kind] contains reason if {
	some kind, several in binding
	some thresholds in several
	count(thresholds.bounds) == 0
	reason := {"code": "thresholds_empty", "params": {"kind": kind, "thresholds": thresholds.evidence}}
}

# The measurements that the thresholds are for: an evaluation after them that measured something else is none.
denied[kind] contains reason if {
	some kind, several in binding
	some thresholds in several
	some metric, _ in thresholds.bounds
	some measured in measurements[metric]
	every one in measurements[metric] {
		not is_after(one, thresholds)
	}
	params := {"evaluation": measured.evidence, "kind": kind, "metric": metric, "thresholds": [thresholds.evidence]}
	reason := {"code": "metric_too_early", "params": params}
}

# The producer's own comparison is a claim: the values are compared again.
denied[kind] contains reason if {
	some kind, several in binding
	some thresholds in several
	some metric, bounds in thresholds.bounds
	some measured in object.get(measurements, metric, {evaluation})
	value := object.get(measured.predicate, ["metrics", metric], null)
	code := miss(value, bounds)
	reason := {"code": code, "params": {
		"bounds": bounds,
		"evaluation": measured.evidence,
		"kind": kind,
		"metric": metric,
		"thresholds": thresholds.evidence,
		"value": value,
	}}
}

# Metric -> the newest evaluation of each signer that measured it: silence takes back nothing that was said before.
measurements[metric] := evidence.newest_of_each(measuring) if {
	some metric in {name | some one in evaluations; some name, _ in one.predicate.metrics}
	measuring := [one |
		some one in evaluations
		object.get(one.predicate, ["metrics", metric], null) != null
	]
	count(measuring) > 0
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
	count(object.keys(bounds)) > 0
	every name, bound in bounds {
		name in {"at_least", "at_most"}
		is_number(bound)
	}
}

unreadable contains reason if {
	some type in {types.manifest, types.scai}
	some reason in evidence.unreadable[type]
}
