"""How executions end: stopped, timed out, failed; and who waits for it."""

import contextvars
import json
import threading
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions as upstream_states

from evergreen_engine.patching import replaces
from evergreen_engine.stepfunctions import task_scope

_STATES = "ministack.services.stepfunctions"
_ended: dict[str, list[threading.Event]] = {}
_ended_lock = threading.Lock()


def when_ended(arn: str) -> threading.Event:
    """An event set when the thread of execution `arn` is done (ask before it may end)."""
    event = threading.Event()
    with _ended_lock:
        _ended.setdefault(arn, []).append(event)
    return event


def _announce_end(arn: str) -> None:
    with _ended_lock:
        events = _ended.pop(arn, [])
    for event in events:
        event.set()


def _time_out(execution: dict[str, Any]) -> None:
    if execution["status"] != "RUNNING":
        return
    execution["status"] = "TIMED_OUT"
    execution["stopDate"] = upstream_states.now_iso()
    upstream_states._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
    upstream_states._emit_execution_status_event(execution)
    scope = task_scope.execution_scope(execution["executionArn"])
    if scope:
        scope.give_up()


def _limit_seconds(execution: dict[str, Any]) -> float | None:
    machine = upstream_states._state_machines.get(execution["stateMachineArn"])
    try:
        return json.loads(machine["definition"]).get("TimeoutSeconds") if machine else None
    except (ValueError, AttributeError):
        return None


class _ClockWithoutStartDelay:
    """The `time` module as Step Functions sees it, less the pause upstream makes before each execution."""

    _START_DELAY_SECONDS = 0.15

    def __init__(self, clock: Any) -> None:
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clock, name)

    def sleep(self, seconds: float) -> None:
        if seconds != self._START_DELAY_SECONDS:
            self._clock.sleep(seconds)


@replaces(f"{_STATES}:_run_execution")
def _run_in_scope(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream waits 0.15 s before each execution, ignores the machine's TimeoutSeconds, and tells nobody of the end."""
    upstream_states.time = _ClockWithoutStartDelay(upstream_states.time)

    def _run_execution(exec_arn):
        execution = upstream_states._executions.get(exec_arn)
        with task_scope.running(exec_arn):
            seconds = _limit_seconds(execution) if execution else None
            timer = None
            if seconds:
                timer = threading.Timer(seconds, contextvars.copy_context().run, args=(_time_out, execution))
                timer.daemon = True
                timer.start()
            try:
                upstream(exec_arn)
            finally:
                if timer:
                    timer.cancel()
                _announce_end(exec_arn)

    return _run_execution


@replaces(f"{_STATES}:_stop_execution")
def _stop_gives_up(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream marks the execution and lets its task run on; AWS stops the job of a .sync task."""
    def _stop_execution(data):
        answer = upstream(data)
        scope = task_scope.execution_scope(data.get("executionArn"))
        if answer[0] < 400 and scope:
            scope.give_up()
        return answer

    return _stop_execution


@replaces(f"{_STATES}:_fail_execution")
def _fail_only_running(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream turns an aborted execution into a failed one when its last task then raises."""
    def _fail_execution(execution, error, cause):
        if execution["status"] == "RUNNING":
            upstream(execution, error, cause)

    return _fail_execution


@replaces(f"{_STATES}:_scaled_sleep")
def _sleep_until_given_up(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream sleeps through StopExecution and then carries on, for instance with the next retry."""
    def _scaled_sleep(seconds):
        scaled = seconds * upstream_states._SFN_WAIT_SCALE
        if scaled > 0:
            task_scope.wait(threading.Event(), scaled)
        raise_if_given_up()

    return _scaled_sleep


def raise_if_given_up() -> None:
    """End the current thread of an execution that was stopped or timed out."""
    if task_scope.is_given_up():
        raise upstream_states._ExecutionError("States.Runtime", "the execution ended while this state ran")
