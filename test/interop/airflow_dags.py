"""Loads a folder of DAGs as Airflow's scheduler does and prints what it found and what it could not import."""

import json
import sys

from airflow.dag_processing.dagbag import DagBag

bag = DagBag(dag_folder=sys.argv[1])
dags = {
    name: {task.task_id: sorted(task.downstream_task_ids) for task in dag.tasks}
    for name, dag in bag.dags.items()
}
print(json.dumps({"errors": bag.import_errors, "dags": dags}))
