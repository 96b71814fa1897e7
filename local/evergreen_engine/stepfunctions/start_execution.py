"""StartExecution as AWS does it: idempotent while running, checked names; and nested executions."""

import json
import re
import threading
from collections.abc import Callable
from typing import Any

from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)
from ministack.services import stepfunctions as upstream_states

from evergreen_engine.patching import replaces, require_attributes
from evergreen_engine.stepfunctions import execution_ends, task_scope

_STATES = "ministack.services.stepfunctions"
require_attributes(_STATES, "_executions", "_ExecutionError", "_resolve_state_machine_arn",
                   "_nested_start_execution_request", "_describe_execution", "_start_execution")
_BAD_IN_NAME = re.compile(r'[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]')
_start_lock = threading.Lock()


@replaces(f"{_STATES}:_start_execution")
def _idempotent_start(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream refuses a used name always; AWS answers the running execution again for the same input."""
    def _start_execution(data):
        name = data.get("name")
        if name is not None and (not 1 <= len(name) <= 80 or _BAD_IN_NAME.search(name)):
            return error_response_json("InvalidName", f"Invalid Name: '{name}'", 400)
        machine_arn = upstream_states._resolve_state_machine_arn(data.get("stateMachineArn", "").split("#")[0])
        with _start_lock:
            if name and machine_arn:
                arn = f"arn:aws:states:{get_region()}:{get_account_id()}:execution:{machine_arn.rsplit(':', 1)[1]}:{name}"
                running = upstream_states._executions.get(arn)
                if running and running["status"] == "RUNNING" and running["input"] == data.get("input", "{}"):
                    return json_response({"executionArn": arn, "startDate": running["startDate"]})
            return upstream(data)

    return _start_execution


def _start_child(input_data: dict[str, Any]) -> dict[str, Any]:
    request = upstream_states._nested_start_execution_request(input_data)
    status, _, body = upstream_states._start_execution(request)
    answer = json.loads(body)
    if status >= 400:
        code = answer.get("__type", "SfnException")
        raise upstream_states._ExecutionError(
            f"StepFunctions.{code}" + ("" if code.endswith("Exception") else "Exception"), answer.get("message", ""))
    return answer


@replaces(f"{_STATES}:_invoke_nested_start_execution")
def _nested_start(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream names errors without AWS's ``StepFunctions.`` prefix."""
    def _invoke_nested_start_execution(resource, input_data):
        answer = _start_child(input_data)
        return {"ExecutionArn": answer["executionArn"], "StartDate": answer["startDate"]}

    return _invoke_nested_start_execution


@replaces(f"{_STATES}:_invoke_nested_start_execution_sync")
def _nested_start_and_wait(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream runs the child as an express execution (no events, cannot be stopped) and raises the child's own error.

    AWS starts a standard one, stops it with its parent, and raises States.TaskFailed with its description.
    """
    def _invoke_nested_start_execution_sync(resource, input_data):
        arn = _start_child(input_data)["executionArn"]
        ended = execution_ends.when_ended(arn)
        child = upstream_states._executions[arn]
        if child["status"] == "RUNNING" and not task_scope.wait(ended) and task_scope.is_given_up():
            upstream_states._stop_execution({"executionArn": arn})
            execution_ends.raise_if_given_up()
        described = _described(child)
        if child["status"] != "SUCCEEDED":
            raise upstream_states._ExecutionError("States.TaskFailed", json.dumps(described))
        if resource.endswith(".sync:2"):
            described["Output"] = json.loads(described["Output"])
            described["Input"] = json.loads(described["Input"])
        return described

    return _invoke_nested_start_execution_sync


def _described(execution: dict[str, Any]) -> dict[str, Any]:
    """DescribeExecution with the capitals Step Functions gives it inside a state machine."""
    answer = json.loads(upstream_states._describe_execution({"executionArn": execution["executionArn"]})[2])
    return {name[:1].upper() + name[1:]: value for name, value in answer.items() if value is not None}
