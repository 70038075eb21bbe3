# METADATA
# title: The gate
# description: |
#   One verdict for each rule of the environment. A rule is a package countersign.rules.<id> with sets of reasons: `deny`, why
#   it fails; `unknown`, which fact is missing; `skip`, why it does not apply. What the catalogue says of it stands above it.
package countersign.gate

import data.countersign.catalog
import data.countersign.config
import data.countersign.lib.instants
import data.countersign.waivers

# Undefined for facts or policy data of another form: then nothing is decided and nothing opens.
result := {"verdicts": verdicts, "warnings": warnings} if {
	input_is_whole
	config_is_whole
}

verdicts := [verdict(id) |
	some id in sort(asked)
	not is_future(id)
]

# Judged as if they bit already.
warnings := [verdict(id) |
	some id in sort(asked)
	is_future(id)
]

asked := {id |
	some id, rule in catalog
	input.environment in rule.environments
}

is_future(id) if instants.milliseconds(catalog[id].effective_on) > instants.milliseconds(input.now)

verdict(id) := object.union(outcome(id), {
	"rule": id,
	"severity": catalog[id].severity,
	"controls": catalog[id].controls,
	"effective_on": catalog[id].effective_on,
})

outcome(id) := {"verdict": "not_applicable", "reasons": [asked_later], "waiver": null} if {
	not input.phase in catalog[id].phases
} else := {"verdict": "undetermined", "reasons": [{"code": "rule_missing", "params": {}}], "waiver": null} if {
	not data.countersign.rules[id].deny
} else := {"verdict": "waived", "reasons": reasons(id, "deny"), "waiver": waiver} if {
	waiver := waiver_of(id)
} else := {"verdict": "fail", "reasons": array.concat(known, unread_waivers(id)), "waiver": null} if {
	count(reasons(id, "deny")) > 0
	known := array.concat(reasons(id, "deny"), reasons(id, "unknown"))
} else := {"verdict": "undetermined", "reasons": reasons(id, "unknown"), "waiver": null} if {
	count(reasons(id, "unknown")) > 0
} else := {"verdict": "not_applicable", "reasons": reasons(id, "skip"), "waiver": null} if {
	count(reasons(id, "skip")) > 0
} else := {"verdict": "pass", "reasons": [], "waiver": null}

asked_later := {"code": code, "params": {}} if {
	code := {"request": "asked_at_release", "release": "asked_at_request"}[input.phase]
}

reasons(id, set_name) := sort({reason | some reason in data.countersign.rules[id][set_name]})

# What is not known may hide another failure, which nobody granted an exception for.
waiver_of(id) := waivers.covering(id, reasons(id, "deny")) if {
	catalog[id].waivable
	input.waivers.known
	count(reasons(id, "deny")) > 0
	count(reasons(id, "unknown")) == 0
}

unread_waivers(id) := [reason |
	catalog[id].waivable
	not input.waivers.known
	reason := {"code": "facts_unknown", "params": {"code": object.get(input.waivers, "code", null), "facts": "waivers"}}
]

input_is_whole if {
	input.version == 1
	input.phase in {"request", "release"}
	is_string(input.model.sha256)
	is_array(input.attestations)
	input.model.sha256 in input.lineage.nodes
	count(fields - {field | some field, _ in input}) == 0
	every name in ["approvals", "findings", "releases", "waivers"] {
		is_list(input[name])
	}
}

fields := {"endpoint", "environment", "image_digest", "now", "promotion", "requester"}

# Read, and then an empty one is a fact, or not read.
is_list(list) if {
	list.known == true
	is_array(list.items)
}

is_list(list) if list.known == false

# A rule that lacks its data would have nothing to refuse for.
config_is_whole if {
	is_number(config.approvals.max_age_days)
	is_object(config.approvals.required_roles)
	is_array(config.findings.blocking_severities)
	is_object(config.images.limits)
	is_number(config.images.max_scan_age_days)
	is_object(config.manifests.required_stages)
	is_object(config.manifests.required_fields)
	is_array(config.model_cards.required_metrics)
	is_array(config.model_cards.spec_versions)
	is_array(config.privacy.reviewer_roles)
	is_number(config.waivers.max_days)
}
