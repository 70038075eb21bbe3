"""Holds a pipeline definition against SageMaker's own service model: a step's Arguments are those of the call that it makes."""

import json
import sys
from pathlib import Path

import botocore.session
from botocore.validate import ParamValidator

# The API call that a step of each type makes, and what SageMaker Pipelines sets by itself.
CALLS = {"Processing": ("CreateProcessingJob", {"ProcessingJobName": "set-by-pipelines"})}


def resolve(value, parameters: set[str]):
    """Puts a text where a reference stands; refuses one to a parameter that is not declared."""
    if isinstance(value, list):
        return [resolve(item, parameters) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) != {"Get"}:
        return {name: resolve(item, parameters) for name, item in value.items()}
    kind, _, name = value["Get"].partition(".")
    if kind == "Execution" or (kind == "Parameters" and name in parameters):
        return "a-text-of-at-least-twenty-characters"
    raise SystemExit(f"{value['Get']} refers to nothing")


def main() -> None:
    pipeline = json.loads(Path(sys.argv[1]).read_text())
    model = botocore.session.get_session().get_service_model("sagemaker")
    # The definition itself is a text to the API.
    definition = {
        "PipelineName": "training",
        "PipelineDefinition": json.dumps(pipeline),
        "ClientRequestToken": "0" * 32,
        "RoleArn": "arn:aws:iam::111122223333:role/pipelines",
    }
    requests = [("CreatePipeline", definition)]
    parameters = {parameter["Name"] for parameter in pipeline["Parameters"]}
    for step in pipeline["Steps"]:
        call, by_itself = CALLS[step["Type"]]
        requests.append((call, {**by_itself, **resolve(step["Arguments"], parameters)}))
    for call, request in requests:
        report = ParamValidator().validate(request, model.operation_model(call).input_shape)
        if report.has_errors():
            raise SystemExit(f"{call}: {report.generate_report()}")
        print(f"{call}: valid")


if __name__ == "__main__":
    main()
