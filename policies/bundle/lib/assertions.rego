# METADATA
# title: What SCAI attribute reports assert
package countersign.lib.assertions

import data.countersign.lib.evidence
import data.countersign.lib.types

# The digests that an attribute is asserted of.
of[attribute] contains digest if {
	some report in evidence.reports
	some assertion in report.predicate.attributes
	attribute := assertion.attribute
	some digest in about(report, assertion)
}

asserted(attribute) := object.get(of, attribute, set())

# An assertion with a target is about the target, if the report is about it too; any other is about all that the report is.
about(report, assertion) := {digest | some digest in report.subjects} if {
	object.get(assertion, "target", null) in {null, ""}
} else := {digest |
	some digest in report.subjects
	digest == assertion.target.digest.sha256
}

# An absence is known only when every report could be read.
readable if not evidence.unreadable[types.scai]

unreadable contains reason if some reason in evidence.unreadable[types.scai]
