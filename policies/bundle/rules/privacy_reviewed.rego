# METADATA
# title: Personal data was reviewed
# description: |
#   Every data set that holds personal data was reviewed by a person in charge of privacy. Whether a data set holds any must be
#   stated; silence is not a no. A review that denies the use is none.
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

deny contains {"code": "privacy_review_denied", "params": {"dataset": refusal.digest, "evidence": refusal.evidence}} if {
	some refusal in assertions.refusals("PRIVACY_REVIEWED")
	refusal.digest in lineage.datasets
}

# What cannot be read may take back what was said before.
unknown contains reason if some reason in (lineage.unknown | assertions.unreadable)

unknown contains {"code": "personal_data_unstated", "params": {"dataset": digest}} if {
	some digest in ((open - personal) - impersonal)
}

skip contains {"code": "no_personal_data", "params": {}} if count(considered - (impersonal - personal)) == 0

# Data sets that nobody with the role has reviewed.
open := considered - reviewed

# A join can make personal what was not: who says so of a data set that was made from others is heard.
considered := lineage.sources | (lineage.datasets & personal)

reviewed contains statement.digest if {
	some statement in assertions.standing.PRIVACY_REVIEWED
	statement.role in config.reviewer_roles
}

# What holds personal data according to anybody, whatever others say.
personal contains statement.digest if {
	some statement in assertions.standing.PERSONAL_DATA
	not statement.is_no
}

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
