"""Reads the CSV files that the stages hand to each other."""

import csv
from pathlib import Path

import numpy as np

LABEL = "malignant"


def read_table(path: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Returns the feature names, the features (rows x columns) and the labels (0 or 1)."""
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    if header[-1] != LABEL:
        raise SystemExit(f"{path}: the last column must be {LABEL!r}, not {header[-1]!r}")
    values = np.array(rows, dtype=float)
    return header[:-1], values[:, :-1], values[:, -1].astype(int)
