# METADATA
# title: Open findings
package countersign.lib.findings

import data.countersign.config.findings as config

blocking := [finding |
	some finding in input.findings.items
	finding.severity in config.blocking_severities
]

unknown contains {"code": "facts_unknown", "params": {"code": object.get(input.findings, "code", null), "facts": "findings"}} if {
	not input.findings.known
}
