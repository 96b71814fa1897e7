"""`sagemaker:create...Job` and `.sync` as Step Functions tasks."""

import json
import threading
from dataclasses import dataclass
from typing import Any

from ministack.services import stepfunctions as upstream_states

from evergreen_engine.patching import require_attributes
from evergreen_engine.sagemaker import job_run, service, state_events
from evergreen_engine.sagemaker.errors import ApiError
from evergreen_engine.stepfunctions import execution_ends, task_scope

require_attributes("ministack.services.stepfunctions", "_SERVICE_DISPATCH", "_AWS_SDK_SERVICE_MAP", "_AWS_SDK_ERROR_PREFIX")
_STOP_SECONDS = 30
# Errors the SageMaker model declares have names of their own; every other one is the service's general exception.
_DECLARED = {"ResourceInUse", "ResourceLimitExceeded", "ResourceNotFound", "ConflictException"}


@dataclass(frozen=True)
class _Kind:
    noun: str

    @property
    def name_member(self) -> str:
        return f"{self.noun}Name"


_KINDS = {"createTrainingJob": _Kind("TrainingJob"), "createProcessingJob": _Kind("ProcessingJob"),
          "createHyperParameterTuningJob": _Kind("HyperParameterTuningJob")}


def _whole_numbers(value: Any) -> Any:
    """JSONata arithmetic yields 3.0 where AWS's engine yields 3."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in value.items()}
    return [_whole_numbers(item) for item in value] if isinstance(value, list) else value


def _call(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return service.call(operation, request)
    except ApiError as error:
        name = error.code if error.code in _DECLARED else "AmazonSageMaker"
        raise upstream_states._ExecutionError(f"SageMaker.{name.removesuffix('Exception')}Exception", error.message) from error


def _described(kind: _Kind, name: str) -> dict[str, Any]:
    return state_events.with_millis(_call(f"Describe{kind.noun}", {kind.name_member: name}))


def _wait_for_end(kind: _Kind, arn: str, name: str) -> None:
    run = job_run.live_run(arn)
    ended = threading.Event()
    if run is None or run.call_when_finished(ended.set):
        return
    task_scope.wait(ended)
    if task_scope.is_given_up():
        if job_run.live_run(arn):
            _call(f"Stop{kind.noun}", {kind.name_member: name})
            run.finished.wait(_STOP_SECONDS)
        execution_ends.raise_if_given_up()


def _create(resource: str, request: dict[str, Any]) -> dict[str, Any]:
    """Create a job; with ``.sync`` wait for its end and answer its description."""
    action = resource.rsplit(":", 1)[1].removesuffix(".sync")
    kind = _KINDS[action]
    answer = _call(action[0].upper() + action[1:], _whole_numbers(request))
    if not resource.endswith(".sync"):
        return answer
    name = request[kind.name_member]
    _wait_for_end(kind, answer[f"{kind.noun}Arn"], name)
    described = _described(kind, name)
    if described[f"{kind.noun}Status"] != "Completed":
        raise upstream_states._ExecutionError("States.TaskFailed", json.dumps(described))
    return described


def add_tasks() -> None:
    """Enter the tasks into MiniStack's dispatch tables."""
    for action in _KINDS:
        upstream_states._SERVICE_DISPATCH[f"arn:aws:states:::sagemaker:{action}"] = _create
    upstream_states._AWS_SDK_SERVICE_MAP["sagemaker"] = {"target_prefix": "SageMaker", "protocol": "json"}
    upstream_states._AWS_SDK_ERROR_PREFIX["sagemaker"] = "SageMaker"
