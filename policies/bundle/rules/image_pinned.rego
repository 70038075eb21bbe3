# METADATA
# title: The image is pinned by digest
# description: |
#   The container image is named by its SHA-256 digest, so that what was scanned is what runs. A
#   release names the one that serves.
# scope: package
# custom:
#   severity: high
#   environments: [staging, production]
#   phases: [request, release]
#   controls: [A.8.9, A.8.19]
#   effective_on: "2026-01-01T00:00:00.000Z"
#   waivable: true
package countersign.rules.image_pinned

import data.countersign.lib.image

deny contains {"code": "image_unnamed", "params": {"model": input.model.sha256}} if image.unnamed

deny contains {"code": "image_not_pinned", "params": {"image": image.name}} if not image.digest

unknown contains reason if some reason in image.unknown
