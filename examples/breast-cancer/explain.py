"""Explains the packed model: what each feature is worth to it on the holdout, and whether its answers are the sums that a linear model promises."""

import argparse
import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import sklearn
from sklearn.base import BaseEstimator
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_auc_score

from evaluate import unpack, write
from table import read_table

REPEATS = 20


class Served(BaseEstimator):
    """The model as scikit-learn's inspection takes it. It was fitted before it was packed."""

    def __init__(self, serve: dict, model: dict):
        self.serve, self.model = serve, model

    def fit(self, features: np.ndarray, labels: np.ndarray) -> "Served":
        raise NotImplementedError("the packed model is explained, not trained again")

    def scores(self, features: np.ndarray) -> np.ndarray:
        return self.serve["predict_fn"](features, self.model)


def importances(served: Served, names: list[str], features: np.ndarray, labels: np.ndarray, seed: int) -> list[dict]:
    """The loss of AUC when a feature's column is shuffled, the greatest first."""
    found = permutation_importance(
        served,
        features,
        labels,
        scoring=lambda model, rows, truth: roc_auc_score(truth, model.scores(rows)),
        n_repeats=REPEATS,
        random_state=seed,
    )
    ranked = np.argsort(-found.importances_mean, kind="stable")
    return [
        {
            "feature": names[at],
            "auc_loss": float(found.importances_mean[at]),
            "auc_loss_deviation": float(found.importances_std[at]),
        }
        for at in ranked
    ]


def largest_gap(model: dict, features: np.ndarray, scores: np.ndarray) -> float:
    """How far the served probabilities are from those that the contributions of the features add up to."""
    contributions = (features - model["mean"]) / model["scale"] * model["coefficients"]
    total = contributions.sum(axis=1) + model["intercept"]
    return float(np.abs(scores - 1 / (1 + np.exp(-total))).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the model.tar.gz")
    parser.add_argument("--holdout", type=Path, required=True)
    parser.add_argument("--report", type=Path, required=True, help="to write (JSON)")
    parser.add_argument("--test-result", type=Path, required=True, help="the verdict, to write (in-toto predicate)")
    parser.add_argument("--seed", type=int, default=20260221)
    args = parser.parse_args()

    names, features, labels = read_table(args.holdout)
    with tempfile.TemporaryDirectory() as unpacked:
        serve = unpack(args.model, Path(unpacked))
        served = Served(serve, serve["model_fn"](unpacked))
        ranked = importances(served, names, features, labels, args.seed)
        gap = largest_gap(served.model, features, served.scores(features))
    first = ranked[0]
    tests = {
        "every feature of the model is ranked": sorted(served.model["features"]) == sorted(names),
        "the first feature stands out from chance": first["auc_loss"] > 2 * first["auc_loss_deviation"],
        "contributions add up to the answers": gap < 1e-9,
    }
    write(
        args.report,
        {
            "model_sha256": hashlib.sha256(args.model.read_bytes()).hexdigest(),
            "holdout_sha256": hashlib.sha256(args.holdout.read_bytes()).hexdigest(),
            "method": f"permutation importance, {REPEATS} repeats, scikit-learn {sklearn.__version__}",
            "rows": len(labels),
            "seed": args.seed,
            "features": ranked,
            "largest_gap": gap,
        },
    )
    report = {"name": args.report.name, "digest": {"sha256": hashlib.sha256(args.report.read_bytes()).hexdigest()}}
    write(
        args.test_result,
        {
            "result": "PASSED" if all(tests.values()) else "FAILED",
            "configuration": [{**report, "annotations": {"countersign.dev/test": "explainability"}}],
            "passedTests": [name for name, holds in tests.items() if holds],
            "failedTests": [name for name, holds in tests.items() if not holds],
        },
    )
    print(f"{first['feature']} is worth {first['auc_loss']:.3f} of the AUC")


if __name__ == "__main__":
    main()
