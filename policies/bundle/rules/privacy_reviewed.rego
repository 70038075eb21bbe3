# METADATA
# title: Personal data was reviewed
# description: |
#   Every data set that holds personal data was reviewed by a person in charge of privacy. Whether a data set holds any must be
#   stated; silence is not a no.
# scope: package
# custom:
#   severity: critical
#   environments: [staging, production]
#   phases: [request, release]
#   controls: [A.5.34]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.privacy_reviewed

import data.countersign.config.privacy as config
import data.countersign.lib.assertions
import data.countersign.lib.evidence
import data.countersign.lib.lineage

deny contains {"code": "privacy_review_missing", "params": {"dataset": digest, "roles": config.reviewer_roles}} if {
	some digest in (open & personal)
	assertions.readable
}

unknown contains reason if some reason in lineage.unknown

unknown contains {"code": "personal_data_unstated", "params": {"dataset": digest}} if {
	some digest in ((open - personal) - impersonal)
}

unknown contains reason if {
	count(open) > 0
	some reason in assertions.unreadable
}

skip contains {"code": "no_personal_data", "params": {}} if count(considered - (impersonal - personal)) == 0

# Data sets that nobody with the role has reviewed.
open := considered - reviewed

# A join can make personal what was not: who says so of a data set that was made from others is heard.
considered := lineage.sources | (lineage.datasets & personal)

reviewed contains digest if {
	some report in evidence.reports
	report.signature.role in config.reviewer_roles
	some assertion in report.predicate.attributes
	assertion.attribute == "PRIVACY_REVIEWED"
	some digest in assertions.about(report, assertion)
}

# What holds personal data according to anybody, whatever others say.
personal contains digest if some digest in assertions.asserted("PERSONAL_DATA")

personal contains digest if some digest in stated[true]

impersonal contains digest if some digest in stated[false]

# What is said of personal data by those who may speak of consent and privacy.
stated[holds] contains digest if {
	some report in evidence.reports
	some assertion in report.predicate.attributes
	assertion.attribute in {"DATASET_CONSENT", "PRIVACY_REVIEWED"}
	holds := assertion.conditions.personal_data
	some digest in assertions.about(report, assertion)
}
