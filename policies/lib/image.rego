# METADATA
# title: The image that serves the model
package countersign.lib.image

import data.countersign.lib.evidence
import data.countersign.lib.lineage

# As the asker names it; before people are asked, else as the newest training does. Undefined when nobody names one.
name := input.image_digest if {
	is_string(input.image_digest)
} else := evidence.newest(named).predicate.image_digest if {
	input.phase == "request"
}

named := [manifest |
	some manifest in lineage.trainings
	manifest.predicate.image_digest
]

# Nobody names one, though it is not too early to.
unnamed if {
	not name
	input.phase == "request"
	count(lineage.unreadable) == 0
}

# What a training ran in need not be what serves: who releases must name that.
unknown contains {"code": "image_unknown", "params": {}} if {
	not name
	input.phase == "release"
}

unknown contains reason if {
	not is_string(input.image_digest)
	some reason in lineage.unreadable
}

# SHA-256 in hexadecimal; undefined for a name that is not pinned by it.
digest := hex if {
	startswith(name, "sha256:")
	hex := trim_prefix(name, "sha256:")
	count(hex) == 64
}
