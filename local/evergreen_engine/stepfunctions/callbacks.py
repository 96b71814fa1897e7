"""`.waitForTaskToken`, with heartbeats, and with failures of the called function."""

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions as upstream_states

from evergreen_engine.patching import replaces, require_attributes
from evergreen_engine.stepfunctions import execution_ends, task_scope

_STATES = "ministack.services.stepfunctions"
require_attributes(_STATES, "_task_tokens", "_invoke_resource", "_send_task_heartbeat")
_NO_LIMIT_SECONDS = 99_999_999


def _last_beat(token: str, started: float) -> float:
    beat = upstream_states._task_tokens[token].get("heartbeat")
    # Text for the instant between upstream's store and ours: a beat that came just now.
    return started if beat is None else beat if isinstance(beat, float) else time.time()


def _wait_for_answer(token: str, came: threading.Event, state: dict[str, Any]) -> None:
    """Return once the token was answered; raise the time-out that came first."""
    started = time.time()
    limit = state.get("TimeoutSeconds", _NO_LIMIT_SECONDS)
    heartbeat = state.get("HeartbeatSeconds")
    while True:
        until_timeout = started + limit - time.time()
        until_beat = _last_beat(token, started) + heartbeat - time.time() if heartbeat else until_timeout
        if task_scope.wait(came, max(0.0, min(until_timeout, until_beat))):
            return
        execution_ends.raise_if_given_up()
        if time.time() >= started + limit:
            raise upstream_states._ExecutionError("States.Timeout", "Task timed out waiting for its callback")
        if heartbeat and time.time() >= _last_beat(token, started) + heartbeat:
            raise upstream_states._ExecutionError("States.HeartbeatTimeout", "Task sent no heartbeat in time")


@replaces(f"{_STATES}:_send_task_heartbeat")
def _keep_heartbeat_time(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream stores the time as text; the wait above compares seconds."""
    def _send_task_heartbeat(data):
        answer = upstream(data)
        token = upstream_states._task_tokens.get(data.get("taskToken", ""))
        if answer[0] < 400 and token:
            token["heartbeat"] = time.time()
        return answer

    return _send_task_heartbeat


@replaces(f"{_STATES}:_invoke_with_callback")
def _call_and_wait(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream swallows an error of the called function and waits for ever, ignores HeartbeatSeconds and StopExecution."""
    def _invoke_with_callback(resource, input_data, token, state_def):
        came = threading.Event()
        upstream_states._task_tokens[token] = {"event": came, "result": None, "error": None, "heartbeat": None}
        try:
            upstream_states._invoke_resource(resource.replace(".waitForTaskToken", ""), input_data)
            _wait_for_answer(token, came, state_def)
            answer = upstream_states._task_tokens[token]
        finally:
            upstream_states._task_tokens.pop(token, None)
        if answer.get("error"):
            raise upstream_states._ExecutionError(answer["error"].get("Error", "TaskFailed"), answer["error"].get("Cause", ""))
        result = answer.get("result") or "{}"
        try:
            return json.loads(result) if isinstance(result, str) else result
        except json.JSONDecodeError:
            return result

    return _invoke_with_callback
