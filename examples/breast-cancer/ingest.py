"""Takes a snapshot of the Breast Cancer Wisconsin (Diagnostic) data set, which scikit-learn carries: 569 biopsies, 30 measurements each."""

import argparse
import csv
from pathlib import Path

from sklearn.datasets import load_breast_cancer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="the snapshot to write (CSV)")
    args = parser.parse_args()

    source = load_breast_cancer()
    args.dataset.parent.mkdir(parents=True, exist_ok=True)
    with args.dataset.open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*source.feature_names, "malignant"])
        for row, target in zip(source.data.tolist(), source.target.tolist(), strict=True):
            # scikit-learn's own target is 0 for malignant; what the model looks for is the positive class here.
            table.writerow([*row, 1 - target])
    print(f"{len(source.data)} rows, {len(source.feature_names)} features -> {args.dataset}")


if __name__ == "__main__":
    main()
