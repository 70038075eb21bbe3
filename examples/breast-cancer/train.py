"""Trains the classifier and packs it as SageMaker takes it: the model at the root of model.tar.gz, serving/ as its code/."""

import argparse
import gzip
import io
import json
import tarfile
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from serving.inference import probabilities
from table import read_table


def fit(features: np.ndarray, labels: np.ndarray, regularisation: float) -> tuple[dict, np.ndarray]:
    """Returns the model as plain numbers, and scikit-learn's own probabilities for the training rows."""
    scaler, regression = StandardScaler(), LogisticRegression(C=regularisation, max_iter=1000)
    pipeline = make_pipeline(scaler, regression).fit(features, labels)
    model = {
        "mean": scaler.mean_.tolist(),
        "scale": scaler.scale_.tolist(),
        "coefficients": regression.coef_[0].tolist(),
        "intercept": regression.intercept_[0].item(),
    }
    return model, pipeline.predict_proba(features)[:, 1]


def pack(path: Path, files: dict[str, bytes]) -> None:
    """The same files give the same archive: no times, no owners, one order."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            tar.addfile(entry, io.BytesIO(content))
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file, gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        packed.write(archive.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="the model.tar.gz to write")
    parser.add_argument("--regularisation", type=float, default=1.0, help="C of the logistic regression")
    args = parser.parse_args()

    names, features, labels = read_table(args.train)
    model, expected = fit(features, labels, args.regularisation)
    model["features"] = names
    # What is served is our own arithmetic over the numbers, so it is held against scikit-learn's before it is packed.
    np.testing.assert_allclose(probabilities(model, features), expected, rtol=1e-9, atol=1e-12)

    serving = Path(__file__).parent / "serving"
    pack(
        args.model,
        {
            "model.json": (json.dumps(model, indent=1, sort_keys=True) + "\n").encode(),
            "code/inference.py": (serving / "inference.py").read_bytes(),
        },
    )
    print(f"trained on {len(labels)} rows -> {args.model}")


if __name__ == "__main__":
    main()
