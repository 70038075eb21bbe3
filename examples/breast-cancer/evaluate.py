"""Measures the packed model on the holdout, as it will be served, and judges it by thresholds that were fixed beforehand."""

import argparse
import hashlib
import json
import platform
import runpy
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
import sklearn
from sklearn.metrics import accuracy_score, precision_score, recall_score, roc_auc_score

from table import read_table

WARM_UP, REQUESTS = 100, 2000
RESAMPLES = 1000
SLICED_BY = "mean radius"


def unpack(model: Path, into: Path) -> dict:
    """Takes the two files that are to be served out of the archive, and nothing else. Returns the serving functions."""
    with tarfile.open(model) as archive:
        for name in ("model.json", "code/inference.py"):
            (into / name).parent.mkdir(exist_ok=True)
            (into / name).write_bytes(archive.extractfile(name).read())
    return runpy.run_path(str(into / "code" / "inference.py"))


def latencies(serve: dict, model: dict, rows: np.ndarray) -> np.ndarray:
    """Milliseconds per request of one row, from its JSON to the JSON of its answer."""
    bodies = [json.dumps({"instances": [row]}) for row in rows.tolist()]
    taken = []
    for number in range(WARM_UP + REQUESTS):
        started = time.perf_counter_ns()
        features = serve["input_fn"](bodies[number % len(bodies)], "application/json")
        serve["output_fn"](serve["predict_fn"](features, model), "application/json")
        taken.append((time.perf_counter_ns() - started) / 1e6)
    return np.array(taken[WARM_UP:])


def auc_interval(labels: np.ndarray, scores: np.ndarray, seed: int) -> list[float]:
    """95 % percentile bootstrap."""
    random = np.random.default_rng(seed)
    draws = (random.integers(0, len(labels), len(labels)) for _ in range(RESAMPLES))
    aucs = [roc_auc_score(labels[draw], scores[draw]) for draw in draws if 0 < labels[draw].sum() < len(draw)]
    return np.percentile(aucs, [2.5, 97.5]).tolist()


def measure(serve: dict, model: dict, holdout: Path, seed: int) -> dict:
    names, features, labels = read_table(holdout)
    if names != model["features"]:
        raise SystemExit(f"{holdout} has other features than the model was trained on")
    scores = serve["predict_fn"](features, model)
    found = (scores >= 0.5).astype(int)
    size = features[:, names.index(SLICED_BY)]
    halves = {"below median": size < np.median(size), "median and above": size >= np.median(size)}
    taken = latencies(serve, model, features)
    return {
        "rows": len(labels),
        "metrics": {
            "roc_auc": float(roc_auc_score(labels, scores)),
            "accuracy": float(accuracy_score(labels, found)),
            "precision": float(precision_score(labels, found)),
            "recall": float(recall_score(labels, found)),
            "latency_p95_ms": float(np.percentile(taken, 95)),
            "latency_p99_ms": float(np.percentile(taken, 99)),
        },
        "roc_auc_interval": auc_interval(labels, scores, seed),
        "accuracy_by_slice": {
            f"{SLICED_BY} {name}": float(accuracy_score(labels[half], found[half])) for name, half in halves.items()
        },
        "latency_requests": REQUESTS,
        "measured_on": {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
        },
    }


def judge(metrics: dict[str, float], thresholds: Path) -> dict:
    """Returns the verdict as in-toto's test-result predicate; what it was judged by is named by its digest."""
    passed, failed = [], []
    for name, bound in json.loads(thresholds.read_text()).items():
        holds = bound.get("at_least", -np.inf) <= metrics[name] <= bound.get("at_most", np.inf)
        (passed if holds else failed).append(name)
    return {
        "result": "FAILED" if failed else "PASSED",
        "configuration": [
            {"name": thresholds.name, "digest": {"sha256": hashlib.sha256(thresholds.read_bytes()).hexdigest()}}
        ],
        "passedTests": passed,
        "failedTests": failed,
    }


def write(path: Path, document: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the model.tar.gz")
    parser.add_argument("--holdout", type=Path, required=True)
    parser.add_argument("--thresholds", type=Path, required=True)
    parser.add_argument("--report", type=Path, required=True, help="all that was measured, to write (JSON)")
    parser.add_argument("--metrics", type=Path, required=True, help="the metrics alone, to write (JSON)")
    parser.add_argument("--test-result", type=Path, required=True, help="the verdict, to write (in-toto predicate)")
    parser.add_argument("--seed", type=int, default=20260221)
    args = parser.parse_args()

    with tempfile.TemporaryDirectory() as unpacked:
        serve = unpack(args.model, Path(unpacked))
        report = measure(serve, serve["model_fn"](unpacked), args.holdout, args.seed)
    verdict = judge(report["metrics"], args.thresholds)
    write(args.report, report)
    write(args.metrics, report["metrics"])
    write(args.test_result, verdict)
    print(f"{verdict['result']}: " + ", ".join(f"{name} {value:.4g}" for name, value in report["metrics"].items()))


if __name__ == "__main__":
    main()
