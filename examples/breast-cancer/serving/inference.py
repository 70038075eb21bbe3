"""Serves the model in SageMaker's scikit-learn container, which calls the four functions below. Needs numpy only."""

import json
from pathlib import Path

import numpy as np


def probabilities(model: dict, features: np.ndarray) -> np.ndarray:
    """The probability that each row is malignant."""
    standardised = (np.asarray(features, dtype=float) - model["mean"]) / model["scale"]
    return 1.0 / (1.0 + np.exp(-(standardised @ np.asarray(model["coefficients"]) + model["intercept"])))


def model_fn(model_dir: str) -> dict:
    # JSON, not a pickle: loading a pickle runs whatever code is in it.
    return json.loads((Path(model_dir) / "model.json").read_text())


def input_fn(body: str | bytes, content_type: str) -> np.ndarray:
    if content_type != "application/json":
        raise ValueError(f"the content type must be application/json, not {content_type}")
    return np.array(json.loads(body)["instances"], dtype=float)


def predict_fn(features: np.ndarray, model: dict) -> np.ndarray:
    return probabilities(model, features)


def output_fn(prediction: np.ndarray, accept: str) -> tuple[str, str]:
    return json.dumps({"malignant": prediction.tolist()}), "application/json"
