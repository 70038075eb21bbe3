# METADATA
# title: No critical finding is open
# description: |
#   Nothing critical is open about the model, what it was made from, the keys that signed for it, or the endpoint.
# scope: package
# custom:
#   severity: critical
#   environments: [experimental, staging, production]
#   phases: [request, release]
#   controls: [A.5.25, A.5.26]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: false
package countersign.rules.no_critical_finding

import data.countersign.lib.findings

deny contains {"code": "finding_open", "params": {"about": finding.about, "id": finding.id, "severity": finding.severity}} if {
	some finding in findings.blocking
	lower(finding.about) in concerned
}

unknown contains reason if some reason in findings.unknown

# Digests are in lower case. An endpoint is the same in whatever letters its name is written.
concerned := {lower(name) | some name in ({input.model.sha256, input.endpoint} | ({node | some node in input.lineage.nodes} | keys))}

keys := {attestation.signature.keyid | some attestation in input.attestations}
