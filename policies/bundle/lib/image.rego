# METADATA
# title: The image that serves the model
package countersign.lib.image

import data.countersign.lib.evidence
import data.countersign.lib.lineage

# As the asker names it, else as the newest training does; undefined when nobody names one.
name := input.image_digest if {
	is_string(input.image_digest)
} else := evidence.newest(named).predicate.image_digest

named := [manifest |
	some manifest in lineage.trainings
	manifest.predicate.image_digest
]

# SHA-256 in hexadecimal; undefined for a name that is not pinned by it.
digest := hex if {
	startswith(name, "sha256:")
	hex := trim_prefix(name, "sha256:")
	count(hex) == 64
}
