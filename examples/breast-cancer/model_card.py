"""Writes the model card, a CycloneDX 1.7 ML-BOM, from what was measured."""

import argparse
import hashlib
import json
import uuid
from importlib.metadata import version
from pathlib import Path

DATASET = {
    "type": "data",
    "bom-ref": "dataset",
    "name": "Breast Cancer Wisconsin (Diagnostic)",
    "description": "569 biopsies, 30 measurements of cell nuclei each, 212 of them malignant",
    "licenses": [{"license": {"id": "CC-BY-4.0"}}],
    "externalReferences": [{"type": "documentation", "url": "https://doi.org/10.24432/C5DW2B"}],
}


def hashes(path: Path) -> list[dict]:
    return [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}]


def performance(report: dict) -> list[dict]:
    low, high = report["roc_auc_interval"]
    interval = {"confidenceInterval": {"lowerBound": f"{low:.6f}", "upperBound": f"{high:.6f}"}}
    whole = [
        {"type": name, "value": f"{value:.6f}", **(interval if name == "roc_auc" else {})}
        for name, value in report["metrics"].items()
    ]
    slices = [
        {"type": "accuracy", "slice": name, "value": f"{value:.6f}"}
        for name, value in report["accuracy_by_slice"].items()
    ]
    return whole + slices


def model_component(model: Path, report: dict) -> dict:
    return {
        "type": "machine-learning-model",
        "bom-ref": "model",
        "name": "breast-cancer-classifier",
        "hashes": hashes(model),
        "modelCard": {
            "modelParameters": {
                "approach": {"type": "supervised"},
                "task": "classification",
                "architectureFamily": "linear model",
                "modelArchitecture": "logistic regression on standardised features",
                "datasets": [{"ref": "dataset"}],
                "inputs": [{"format": "application/json: instances, rows of 30 numbers"}],
                "outputs": [{"format": "application/json: probability that each row is malignant"}],
            },
            # Nobody is treated, refused or billed by its answers: see the use cases.
            "properties": [{"name": "countersign:affects_people", "value": "false"}],
            "quantitativeAnalysis": {"performanceMetrics": performance(report)},
            "considerations": {
                "users": ["Engineers who try Countersign"],
                "useCases": ["A demonstration; never a diagnosis"],
                "technicalLimitations": [
                    f"Measured on {report['rows']} rows of the one hospital that the data set comes from, gathered before 1996",
                    "Fairness between groups of people cannot be measured: the data set has no attribute of a person. "
                    "The slices are by size of the nuclei",
                    f"Latency is of {report['latency_requests']} single requests inside one process, without a network",
                ],
                "ethicalConsiderations": [
                    {
                        "name": "A missed malignant biopsy costs more than a false alarm",
                        "mitigationStrategy": "recall has a threshold of its own",
                    }
                ],
            },
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--report", type=Path, required=True, help="what evaluate.py wrote")
    parser.add_argument("--card", type=Path, required=True, help="the model card to write (JSON)")
    args = parser.parse_args()

    report = json.loads(args.report.read_text())
    model = model_component(args.model, report)
    libraries = [
        {"type": "library", "name": name, "version": version(name), "purl": f"pkg:pypi/{name}@{version(name)}"}
        for name in ("numpy", "scikit-learn", "scipy")
    ]
    card = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, model['hashes'][0]['content'])}",
        "version": 1,
        "metadata": {"component": model},
        "components": [{**DATASET, "hashes": hashes(args.dataset)}, *libraries],
    }
    args.card.parent.mkdir(parents=True, exist_ok=True)
    args.card.write_text(json.dumps(card, indent=2) + "\n")
    print(f"model card of {model['hashes'][0]['content'][:12]} -> {args.card}")


if __name__ == "__main__":
    main()
