"""Two stages of a pipeline in Airflow 3. Each task runs its command under `countersign run`; a task without evidence fails."""

import os

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

# Airflow's own run id names the run, so that `countersign show --run` and Airflow's pages speak of the same thing.
RUN = "countersign run --run-id '{{ run_id }}' --principal training-pipeline"

with DAG(
    dag_id="countersigned_training",
    description="Training and evaluation with signed evidence",
    schedule=None,
    # Both tasks work in one folder of the worker; with many workers it is a mounted volume.
    default_args={
        "cwd": os.environ.get("PIPELINE_HOME", "/opt/pipeline"),
        "append_env": True,
        "env": {
            "COUNTERSIGN_API": "{{ var.value.countersign_api }}",
            "COUNTERSIGN_KEY": "awskms:///alias/training-pipeline",
        },
    },
):
    training = BashOperator(
        task_id="training",
        bash_command=f"{RUN} --stage training --input train.csv --model classifier=model.tar.gz"
        " -- python train.py --train train.csv --model model.tar.gz",
    )
    evaluation = BashOperator(
        task_id="evaluation",
        bash_command=f"{RUN} --stage evaluation --model classifier=model.tar.gz --input holdout.csv --output evaluation.json"
        " -- python evaluate.py --model model.tar.gz --holdout holdout.csv --report evaluation.json",
    )
    training >> evaluation
