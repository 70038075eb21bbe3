"""Serves the model as SageMaker asks of a container: GET /ping, POST /invocations. Each answer leaves a span that names the model's digest."""

import json
import os
import runpy
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MODEL_DIR = os.environ.get("MODEL_DIR", "/opt/ml/model")
# The digest of the archive cannot be inside it: who deploys the model tells it. Without it nothing is served.
MODEL_SHA256 = os.environ["MODEL_SHA256"]
LARGEST_BODY = 1024 * 1024

SERVE = runpy.run_path(str(Path(MODEL_DIR) / "code" / "inference.py"))
MODEL = SERVE["model_fn"](MODEL_DIR)


def trace_of(traceparent: str) -> str:
    """The caller's trace (W3C Trace Context, "traceparent"), else a new one."""
    parts = traceparent.split("-")
    return parts[1] if len(parts) == 4 and len(parts[1]) == 32 else secrets.token_hex(16)


def leave_span(trace: str, started: int, status: int) -> None:
    """One JSON line with the names of OpenTelemetry; a log agent hands it on."""
    span = {
        "trace_id": trace,
        "span_id": secrets.token_hex(8),
        "name": "POST /invocations",
        "start_time_unix_nano": started,
        "end_time_unix_nano": time.time_ns(),
        "attributes": {"http.response.status_code": status, "model.sha256": MODEL_SHA256},
    }
    print(json.dumps(span), flush=True)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer(200 if self.path == "/ping" else 404, "", "text/plain")

    def do_POST(self) -> None:
        started = time.time_ns()
        status, answer, content_type = self.invoke() if self.path == "/invocations" else (404, "", "text/plain")
        leave_span(trace_of(self.headers.get("traceparent", "")), started, status)
        self.answer(status, answer, content_type)

    def invoke(self) -> tuple[int, str, str]:
        length = int(self.headers.get("content-length") or 0)
        if length > LARGEST_BODY:
            return 413, "", "text/plain"
        try:
            features = SERVE["input_fn"](self.rfile.read(length), self.headers.get("content-type", ""))
            return 200, *SERVE["output_fn"](SERVE["predict_fn"](features, MODEL), "application/json")
        except (KeyError, TypeError, ValueError) as error:
            return 400, f"{error}\n", "text/plain"

    def answer(self, status: int, text: str, content_type: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Spans are the log."""


if __name__ == "__main__":
    server = ThreadingHTTPServer((os.environ.get("HOST", "0.0.0.0"), int(os.environ.get("PORT", "8080"))), Handler)
    print(f"serving on port {server.server_port}", file=sys.stderr, flush=True)
    server.serve_forever()
