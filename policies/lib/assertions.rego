# METADATA
# title: What SCAI attribute reports assert
package countersign.lib.assertions

import data.countersign.lib.evidence
import data.countersign.lib.types

# Digests that an attribute is asserted of, and that nobody says no about.
asserted(attribute) := {statement.digest | some statement in object.get(standing, attribute, set())} - denied(attribute)

denied(attribute) := {statement.digest | some statement in refusals(attribute)}

# Statements that say no.
refusals(attribute) := {statement |
	some statement in object.get(standing, attribute, set())
	statement.is_no
}

# Attribute -> what each signer said last of each digest.
standing[attribute] contains {"digest": digest, "evidence": report.evidence, "is_no": no, "role": report.signature.role} if {
	some [attribute, digest, _], statements in said
	[i, no] := max(statements)
	report := evidence.reports[i]
}

# Of what one report says of a digest twice, the no is the greater.
said[[attribute, digest, report.principal]] contains [i, is_no(assertion)] if {
	some i, report in evidence.reports
	some assertion in report.predicate.attributes
	attribute := assertion.attribute
	some digest in about(report, assertion)
}

# An assertion that takes itself back, or says of itself that it is none. What is neither true nor false is heard as a no.
is_no(assertion) if {
	some field, yes in {"approved": true, "granted": true, "withdrawn": false}
	object.get(assertion, ["conditions", field], yes) != yes
} else := false

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
