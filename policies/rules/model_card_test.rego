package countersign.tests.model_card

import data.countersign.testing
import data.facts

component_path := "/predicate/metadata/component"

at(path) := concat("", [component_path, path])

removed(path) := testing.patched("card", [{"op": "remove", "path": at(path)}])

changed(path, value) := testing.patched("card", [{"op": "replace", "path": at(path), "value": value}])

silent(about) := {"code": "model_card_silent", "params": {"about": about, "evidence": facts.evidence.card}}

missing := {"code": "model_card_missing", "params": {"model": facts.digests.model}}

not_bound := {"code": "model_card_not_bound", "params": {"evidence": facts.evidence.card, "model": facts.digests.model}}

without_metric(metric) := {"code": "model_card_metric_missing", "params": {
	"evidence": facts.evidence.card,
	"metric": metric,
}}

test_passes_when_the_card_says_what_it_must if testing.passes("model_card", facts.passing)

test_passes_when_the_hash_is_in_upper_case if {
	testing.passes("model_card", changed("/hashes/0/content", upper(facts.digests.model)))
}

test_fails_without_a_card if testing.fails("model_card", testing.without({"card"}), {missing})

test_fails_when_the_card_is_about_another_model if {
	document := testing.patched("card", [{"op": "replace", "path": "/subjects", "value": [facts.digests.previousModel]}])
	testing.fails("model_card", document, {missing})
}

test_fails_when_there_is_only_a_list_of_packages if {
	testing.fails("model_card", changed("/type", "application"), {missing})
}

test_fails_when_the_digest_is_not_bound if {
	testing.fails("model_card", changed("/hashes/0/content", facts.digests.previousModel), {not_bound})
	testing.fails("model_card", changed("/hashes/0/alg", "SHA-512"), {not_bound})
	testing.fails("model_card", removed("/hashes"), {not_bound})
}

test_fails_for_another_version_of_the_format if {
	document := testing.patched("card", [{"op": "replace", "path": "/predicate/specVersion", "value": "1.4"}])
	params := {"evidence": facts.evidence.card, "version": "1.4"}
	testing.fails("model_card", document, {{"code": "model_card_version", "params": params}})
}

test_fails_without_a_version if {
	document := testing.patched("card", [{"op": "remove", "path": "/predicate/specVersion"}])
	params := {"evidence": facts.evidence.card, "version": null}
	testing.fails("model_card", document, {{"code": "model_card_version", "params": params}})
}

test_fails_when_the_card_is_silent if {
	every path, about in {"useCases": "intended_use", "technicalLimitations": "known_limits"} {
		field := concat("", ["/modelCard/considerations/", path])
		testing.fails("model_card", removed(field), {silent(about)})
		every nothing in [[], [""], [" ", "\n"], [null], [{}], "", null] {
			testing.fails("model_card", changed(field, nothing), {silent(about)})
		}
	}
}

test_fails_when_the_card_says_nothing_of_the_model if {
	reasons := {silent(about) | some about in {"fairness", "intended_use", "known_limits", "quality", "training_data"}}
	metrics := {without_metric("latency_p95_ms"), without_metric("latency_p99_ms")}
	testing.fails("model_card", removed("/modelCard"), reasons | metrics)
}

test_fails_when_people_are_affected_and_fairness_is_not_assessed if {
	testing.fails("model_card", changed("/modelCard/considerations/fairnessAssessments", []), {silent("fairness")})
}

test_fails_when_fairness_is_assessed_in_no_words if {
	whole := {"groupAtRisk": "patients under 40", "harms": "a later look"}
	testing.passes("model_card", changed("/modelCard/considerations/fairnessAssessments", [{}, whole]))
	every assessment in [
		{},
		object.remove(whole, ["harms"]),
		object.remove(whole, ["groupAtRisk"]),
		object.union(whole, {"harms": " "}),
		object.union(whole, {"groupAtRisk": ""}),
	] {
		document := changed("/modelCard/considerations/fairnessAssessments", [assessment])
		testing.fails("model_card", document, {silent("fairness")})
	}
}

test_passes_without_fairness_when_nobody_is_affected if {
	document := testing.patched("card", [
		{"op": "remove", "path": at("/modelCard/considerations/fairnessAssessments")},
		{"op": "replace", "path": at("/modelCard/properties/0/value"), "value": "false"},
	])
	testing.passes("model_card", document)
}

test_fails_when_the_training_data_is_not_in_the_lineage if {
	operation := {"op": "replace", "path": "/predicate/components/0/hashes/0/content", "value": facts.digests.holdout}
	testing.fails("model_card", testing.patched("card", [operation]), {silent("training_data")})
}

test_fails_when_the_training_data_is_the_model_itself if {
	operation := {"op": "replace", "path": "/predicate/components/0/hashes/0/content", "value": facts.digests.model}
	testing.fails("model_card", testing.patched("card", [operation]), {silent("training_data")})
}

test_fails_when_the_training_data_is_not_described if {
	document := changed("/modelCard/modelParameters/datasets/0/ref", "elsewhere")
	testing.fails("model_card", document, {silent("training_data")})
}

test_fails_without_tail_latency if {
	document := removed("/modelCard/quantitativeAnalysis/performanceMetrics/2")
	testing.fails("model_card", document, {without_metric("latency_p99_ms")})
}

test_fails_when_the_tail_latency_is_no_number if {
	every value in ["", "n/a", "?", "fast", "0.2 ms", "1.", ".5", "NaN", "1e", "0x1", 0.2, null] {
		document := changed("/modelCard/quantitativeAnalysis/performanceMetrics/1/value", value)
		testing.fails("model_card", document, {without_metric("latency_p95_ms")})
	}
}

test_takes_every_decimal_for_a_number if {
	every value in ["0", "12", "0.210", "2.1e-1", "1E3"] {
		testing.passes("model_card", changed("/modelCard/quantitativeAnalysis/performanceMetrics/1/value", value))
	}
}

test_fails_when_the_card_does_not_say_how_good_the_model_is if {
	metric := "/modelCard/quantitativeAnalysis/performanceMetrics/0"
	testing.fails("model_card", removed(metric), {silent("quality")})
	every change in [{"value": "good"}, {"type": "Latency_p50_ms"}, {"slice": "under 40"}] {
		changed_metric := object.union({"type": "roc_auc", "value": "0.994"}, change)
		testing.fails("model_card", changed(metric, changed_metric), {silent("quality")})
	}
}

test_passes_when_quality_is_a_negative_number if {
	testing.passes("model_card", changed("/modelCard/quantitativeAnalysis/performanceMetrics/0/value", "-0.35"))
}

test_fails_when_the_tail_latency_is_of_one_slice if {
	operation := {"op": "add", "path": at("/modelCard/quantitativeAnalysis/performanceMetrics/1/slice"), "value": "short"}
	testing.fails("model_card", testing.patched("card", [operation]), {without_metric("latency_p95_ms")})
}

test_believes_the_newest_card if {
	newer := json.patch(testing.attestation("card"), [
		{"op": "replace", "path": "/evidence", "value": "newer"},
		{"op": "replace", "path": at("/hashes/0/content"), "value": facts.digests.previousModel},
	])
	reason := json.patch(not_bound, [{"op": "replace", "path": "/params/evidence", "value": "newer"}])
	testing.fails("model_card", testing.with_more([newer]), {reason})
}

test_is_undetermined_when_the_card_cannot_be_read if {
	testing.is_undetermined("model_card", testing.signed({"card"}, "unreadable"), {testing.unreadable("card")})
}
