"""Starts the server that is in the image with the model, asks it as a caller would, and holds what it traces against what was asked."""

import argparse
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import oci
from evaluate import unpack, write
from table import read_table

REQUESTS = 25


def start(image: Path, model: Path, folder: Path) -> tuple[subprocess.Popen, str]:
    """Returns the process and its address, once it serves."""
    _, layers = oci.read(image)
    oci.unpack(layers, folder / "image")
    (folder / "model").mkdir()
    unpack(model, folder / "model")
    env = {
        **os.environ,
        "PYTHONPATH": str(folder / "image/opt/packages"),
        "MODEL_DIR": str(folder / "model"),
        "MODEL_SHA256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "HOST": "127.0.0.1",
        "PORT": "0",
    }
    command = [sys.executable, str(folder / "image/opt/program/server.py")]
    server = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    told = server.stderr.readline()
    port = re.fullmatch(r"serving on port (\d+)\n", told)
    if port is None:
        server.kill()
        raise SystemExit(f"the server does not start: {told}{server.communicate()[1]}")
    return server, f"http://127.0.0.1:{port[1]}/invocations"


def ask(address: str, row: list[float]) -> str:
    """Returns the trace that the request belonged to."""
    trace = secrets.token_hex(16)
    headers = {"content-type": "application/json", "traceparent": f"00-{trace}-{secrets.token_hex(8)}-01"}
    body = json.dumps({"instances": [row]}).encode()
    with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=30) as answer:
        json.load(answer)["malignant"]
    return trace


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the model.tar.gz")
    parser.add_argument("--image", type=Path, required=True, help="an OCI image layout (folder)")
    parser.add_argument("--holdout", type=Path, required=True, help="rows to ask about")
    parser.add_argument("--traces", type=Path, required=True, help="the spans that the server left, to write (JSON lines)")
    parser.add_argument("--conditions", type=Path, required=True, help="what was tried, to write (JSON)")
    args = parser.parse_args()

    _, features, _ = read_table(args.holdout)
    with tempfile.TemporaryDirectory() as folder:
        server, address = start(args.image, args.model, Path(folder))
        try:
            asked = [ask(address, row) for row in features[:REQUESTS].tolist()]
        finally:
            server.terminate()
            lines, _ = server.communicate(timeout=30)
    spans = [json.loads(line) for line in lines.splitlines()]
    digest = hashlib.sha256(args.model.read_bytes()).hexdigest()
    if [span["trace_id"] for span in spans] != asked:
        raise SystemExit(f"{len(asked)} requests left {len(spans)} spans, not one for each in its caller's trace")
    if any(span["attributes"].get("model.sha256") != digest for span in spans):
        raise SystemExit(f"a span does not carry the model's digest {digest}")
    args.traces.write_text(lines)
    image, _ = oci.read(args.image)
    write(args.conditions, {"image": image, "requests": len(asked), "span_attribute": "model.sha256"})
    print(f"{len(spans)} requests, {len(spans)} spans with the digest {digest[:12]}")


if __name__ == "__main__":
    main()
