"""Talks to Countersign in plain Python: signs a manifest, posts it, reads it back.

Credentials come from where botocore finds them (environment, profile, instance role); the API's base URL from COUNTERSIGN_API.

    python client.py submit --manifest manifest.json --key producer.pem
    python client.py model 4f5a…

With a key that is cosign's, cosign signs and this client carries:

    python client.py canonical --manifest manifest.json --out to-sign
    cosign sign-blob --key cosign.key --use-signing-config=false --new-bundle-format=false --tlog-upload=false --yes to-sign > signature
    python client.py submit --manifest manifest.json --signature signature
    python client.py submit --bundle attestation.sigstore.json        # what `cosign attest-blob --bundle` wrote
"""

import argparse
import base64
import json
import os
import sys
from pathlib import Path

import botocore.session
import requests
import rfc8785
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def canonical(manifest: dict) -> bytes:
    """What is signed: RFC 8785 JSON of the manifest without its signature field."""
    return rfc8785.dumps({name: value for name, value in manifest.items() if name != "signature"})


def sign(manifest: dict, key_file: Path) -> str:
    """ECDSA P-256 over SHA-256, as base64 of DER: the same bytes that cosign and openssl make."""
    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    return base64.b64encode(key.sign(canonical(manifest), ec.ECDSA(hashes.SHA256()))).decode()


def call(method: str, path: str, body: bytes | None = None, media_type: str | None = None) -> dict:
    """One request, signed with AWS Signature Version 4. A refusal ends the program with the field and the fix."""
    session = botocore.session.get_session()
    headers = {"content-type": media_type} if media_type else {}
    request = AWSRequest(method, os.environ["COUNTERSIGN_API"].rstrip("/") + path, headers=headers, data=body)
    SigV4Auth(session.get_credentials(), "execute-api", session.get_config_variable("region")).add_auth(request)
    answer = requests.request(method, request.url, headers=dict(request.headers), data=body, timeout=30)
    if answer.ok:
        return answer.json()
    problem = answer.json()
    where = f" at {problem['pointer']}" if problem.get("pointer") else ""
    hint = f"\n  {problem['hint']}" if problem.get("hint") else ""
    sys.exit(f"{problem.get('code', answer.status_code)}{where}: {problem.get('detail', problem.get('title'))}{hint}")


def submit(args: argparse.Namespace) -> dict:
    if args.bundle:
        return call("POST", "/v1/attestations", args.bundle.read_bytes(), BUNDLE)
    manifest = json.loads(args.manifest.read_text())
    signature = args.signature.read_text().strip() if args.signature else sign(manifest, args.key)
    body = json.dumps({**manifest, "signature": f"cosign:{signature}"}).encode()
    return call("POST", "/v1/manifests", body, "application/json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    submitting = commands.add_parser("submit", help="post a manifest or an attestation; prints evidence and receipt")
    what = submitting.add_mutually_exclusive_group(required=True)
    what.add_argument("--manifest", type=Path, help="JSON without a signature")
    what.add_argument("--bundle", type=Path, help="Sigstore bundle, posted as it is")
    how = submitting.add_mutually_exclusive_group()
    how.add_argument("--key", type=Path, help="private key, PEM, ECDSA P-256")
    how.add_argument("--signature", type=Path, help="file with the base64 of a signature over the canonical manifest")
    canonicalising = commands.add_parser("canonical", help="write the bytes that are to be signed")
    canonicalising.add_argument("--manifest", type=Path, required=True)
    canonicalising.add_argument("--out", type=Path, required=True)
    reading = commands.add_parser("model", help="print everything that is known about a model")
    reading.add_argument("sha256", help="digest of the bytes that are served")
    args = parser.parse_args()

    if args.command == "canonical":
        args.out.write_bytes(canonical(json.loads(args.manifest.read_text())))
    elif args.command == "model":
        print(json.dumps(call("GET", f"/v1/models/{args.sha256}"), indent=2))
    elif args.manifest and not (args.key or args.signature):
        parser.error("a manifest needs --key or --signature")
    else:
        print(json.dumps(submit(args), indent=2))


if __name__ == "__main__":
    main()
