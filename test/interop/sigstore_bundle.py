"""Reads a Sigstore bundle by Sigstore's own models and prints what it holds."""

import json
import sys
from pathlib import Path

from sigstore_models.bundle.v1 import Bundle

bundle = Bundle.from_json(Path(sys.argv[1]).read_bytes())
envelope = bundle.dsse_envelope
statement = json.loads(envelope.payload)
print(
    json.dumps(
        {
            "media_type": bundle.media_type,
            "hint": bundle.verification_material.public_key.hint,
            "payload_type": envelope.payload_type,
            "predicate_type": statement["predicateType"],
        }
    )
)
