"""Sets a stratified quarter of the data set aside, so that no training ever sees what the evaluation measures with."""

import argparse
from pathlib import Path

from sklearn.model_selection import train_test_split

from table import read_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--train", type=Path, required=True, help="the training part to write")
    parser.add_argument("--holdout", type=Path, required=True, help="the part to write that only the evaluation reads")
    parser.add_argument("--seed", type=int, default=20260221)
    args = parser.parse_args()

    _, _, labels = read_table(args.dataset)
    # Lines are handed on as they are: a number that is read and written again might not be the same text.
    header, *lines = args.dataset.read_text().splitlines()
    train, holdout = train_test_split(lines, test_size=0.25, random_state=args.seed, stratify=labels)
    for path, part in ((args.train, train), (args.holdout, holdout)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([header, *part]) + "\n")
        print(f"{len(part)} rows -> {path}")


if __name__ == "__main__":
    main()
