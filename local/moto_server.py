"""moto with its Step Functions switched on, and five things of it set right. Started by local/moto.ts.

The interpreter of state machines takes seconds to import. That begins at once, beside whatever else starts: whoever called first
and waited for it would take Step Functions for broken on a busy machine.
"""

import functools
import os
import threading
import urllib.request

from moto.core.config import default_user_config
from moto.server import main
from moto.stepfunctions import responses

default_user_config["stepfunctions"] = {"execute_state_machine": True}

set_right = threading.Lock()
original_get_backend = responses.get_backend


def set_all_right():
    with set_right:
        sign_as_role()
        fail_map_with_its_children()
        tell_of_ends()
        hear_of_stops()
        pass_over_those_that_begin()


def get_backend(account, region):
    set_all_right()
    return original_get_backend(account, region)


@functools.cache
def sign_as_role():
    """moto signs the calls of every state machine with one made-up key. Here each is signed by the machine's role.

    Clients are kept besides: making one takes longer than a call, and is not safe in several threads at a time.
    """
    from moto.stepfunctions.parser.asl.utils import boto_client

    original = boto_client.boto3
    making = threading.Lock()

    @functools.cache
    def make(service, region, role):
        return original.client(
            service,
            region_name=region,
            endpoint_url=f"http://127.0.0.1:{os.environ['MOTO_PORT']}",
            aws_access_key_id=role,
            aws_secret_access_key=os.environ["ROLE_SECRET"],
            config=boto_client.Config(parameter_validation=False, retries={"total_max_attempts": 1}, read_timeout=1000),
        )

    def boto_client_for(region, service, state_credentials=None):
        with making:
            return make(service, region, state_credentials.role_arn.rsplit("/", 1)[-1])

    # Before anything else imports the function by its name.
    boto_client.boto_client_for = boto_client_for


@functools.cache
def fail_map_with_its_children():
    """moto succeeds with a distributed map whose children failed. On AWS a map fails that tolerates none, as ours do."""
    from moto.stepfunctions.parser.api import HistoryEventType, MapRunFailedEventDetails
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
        FailureEvent,
        FailureEventException,
    )
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.distributed_iteration_component import (
        DistributedIterationComponent,
    )
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    original = DistributedIterationComponent._map_run

    def map_run(self, env, eval_input):
        original(self, env, eval_input)
        items = eval_input.map_run_record.item_counter
        if items.failed.get() + items.timed_out.get() == 0:
            return
        exceeded = StatesErrorNameType.StatesExceedToleratedFailureThreshold
        details = MapRunFailedEventDetails(
            error=exceeded.to_name(), cause="The specified tolerated failure threshold was exceeded"
        )
        raise FailureEventException(
            FailureEvent(
                env=env,
                error_name=StatesErrorName(typ=exceeded),
                event_type=HistoryEventType.MapRunFailed,
                event_details=EventDetails(mapRunFailedEventDetails=details),
            )
        )

    DistributedIterationComponent._map_run = map_run


@functools.cache
def tell_of_ends():
    """moto tells nobody that an execution has ended. Here the front door is told, which knows who wants to hear of it."""
    from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication

    original = BaseExecutionWorkerCommunication.terminated

    def terminated(self):
        original(self)
        request = urllib.request.Request(
            f"http://127.0.0.1:{os.environ['MOTO_PORT']}/_local/executions/{self.execution.exec_arn}",
            method="POST",
            headers={"authorization": f"Bearer {os.environ['ROLE_SECRET']}"},
        )
        urllib.request.urlopen(request, timeout=60).close()

    BaseExecutionWorkerCommunication.terminated = terminated


@functools.cache
def hear_of_stops():
    """In moto a map whose tasks wait for their tokens does not hear that its execution is stopped. Here the execution ends."""
    from moto.stepfunctions.parser.api import ExecutionStatus
    from moto.stepfunctions.parser.backend.execution import Execution

    original = Execution.stop

    def end(execution):
        if execution.exec_status == ExecutionStatus.RUNNING:
            execution.exec_worker._execution_communication.terminated()

    def stop(self, stop_date, error, cause):
        original(self, stop_date, error, cause)
        threading.Timer(1, end, [self]).start()

    Execution.stop = stop


@functools.cache
def pass_over_those_that_begin():
    """While an execution of moto begins it has no waits, and whoever answers any wait meanwhile is answered 500."""
    from moto.stepfunctions.parser.models import StepFunctionsParserBackend

    original = StepFunctionsParserBackend._get_executions

    def get_executions(self, execution_status=None):
        executions = original(self, execution_status)
        return [one for one in executions if one.exec_worker is not None and one.exec_worker.env is not None]

    StepFunctionsParserBackend._get_executions = get_executions


responses.get_backend = get_backend
threading.Thread(target=set_all_right, daemon=True).start()
main()
