"""Distributed Map in JSONata, with thresholds, rights and endings as Step Functions documents them.

https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html
"""

import contextvars
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from ministack.core.responses import new_uuid, now_iso
from ministack.services import stepfunctions as upstream_states

from evergreen_engine.patching import replaces, require_attributes
from evergreen_engine.stepfunctions import branches, role_check, task_scope

_STATES = "ministack.services.stepfunctions"
require_attributes(_STATES, "_map_runs", "_executions", "_read_map_items", "_apply_jsonata_template", "_jsonata_state_field",
                   "_apply_jsonata_output", "_apply_state_assign", "_run_sub_machine", "_next_or_end", "_ExecutionError")
_COUNTS = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total", "resultsWritten",
           "failuresNotRedrivable", "pendingRedrive")
# What AWS allows a state to answer, and the most children it runs at a time.
_LARGEST_OUTPUT_BYTES = 262_144
_MOST_AT_ONCE = 64
_ABSENT = ("ItemBatcher", "ResultWriter")


def _number(state_def: dict[str, Any], field: str, raw_input: Any, ctx: dict[str, Any]) -> float | None:
    return upstream_states._jsonata_state_field(state_def, field, "number", raw_input, ctx) if field in state_def else None


def _items(state_def: dict[str, Any], raw_input: Any, ctx: dict[str, Any]) -> list[Any]:
    reader = state_def.get("ItemReader")
    if not reader:
        return upstream_states._jsonata_state_field(state_def, "Items", "array", raw_input, ctx)
    arguments = upstream_states._apply_jsonata_template(reader.get("Arguments") or {}, raw_input, ctx)
    if reader["Resource"].endswith("s3:getObject"):
        role_check.require("States.ItemReaderFailed", [("s3", "s3:GetObject", f"arn:aws:s3:::{arguments.get('Bucket')}/{arguments.get('Key')}")])
    else:
        role_check.require("States.ItemReaderFailed", [("s3", "s3:ListBucket", f"arn:aws:s3:::{arguments.get('Bucket')}")])
    try:
        items = upstream_states._read_map_items({**reader, "Arguments": arguments}, raw_input, ctx)
    except (ValueError, LookupError, TypeError) as error:
        raise upstream_states._ExecutionError("States.ItemReaderFailed", f"Attempting to parse the dataset failed: {error}") from error
    if not isinstance(items, list):
        raise upstream_states._ExecutionError("States.ItemReaderFailed", "Attempting to map over non-iterable node.")
    return items


class _MapRun:
    """One run of the state: its children, what became of them, and when there were too many failures."""

    def __init__(self, state_def: dict[str, Any], items: list[Any], raw_input: Any, execution: dict[str, Any], ctx: dict[str, Any]) -> None:
        self._state, self._items, self._raw_input, self._ctx = state_def, items, raw_input, ctx
        self._tolerated_count = _number(state_def, "ToleratedFailureCount", raw_input, ctx)
        self._tolerated_percentage = _number(state_def, "ToleratedFailurePercentage", raw_input, ctx)
        self._at_once = int(_number(state_def, "MaxConcurrency", raw_input, ctx) or 0)
        machine = execution["stateMachineArn"]
        self._label = state_def.get("Label") or new_uuid()
        self._machine_arn = f"{machine}/{self._label}"
        self._machine_name = f"{machine.rsplit(':', 1)[1]}/{self._label}"
        self._arn = f"{machine.replace(':stateMachine:', ':mapRun:')}/{self._label}:{new_uuid()}"
        self._lock = threading.Lock()
        counts = {**dict.fromkeys(_COUNTS, 0), "total": len(items), "pending": len(items)}
        self.view = upstream_states._map_runs[self._arn] = {
            "mapRunArn": self._arn, "executionArn": execution["executionArn"], "status": "RUNNING", "startDate": now_iso(),
            "maxConcurrency": self._at_once, "toleratedFailurePercentage": self._tolerated_percentage or 0,
            "toleratedFailureCount": int(self._tolerated_count or 0), "itemCounts": counts, "executionCounts": dict(counts),
            "redriveCount": 0, "_stateMachineArn": self._machine_arn}

    def _moved(self, origin: str, to: str) -> None:
        with self._lock:
            for counts in (self.view["itemCounts"], self.view["executionCounts"]):
                counts[origin] -= 1
                counts[to] += 1

    def _has_failed_too_often(self) -> bool:
        failed = self.view["itemCounts"]["failed"]
        limits = []
        if self._tolerated_count is not None:
            limits.append(failed > self._tolerated_count)
        if self._tolerated_percentage is not None:
            limits.append(failed * 100 > self._tolerated_percentage * len(self._items))
        return any(limits) if limits else failed > 0

    def _child(self, item: Any, index: int) -> dict[str, Any]:
        ctx = {**self._ctx, "Map": {"Item": {"Index": index, "Value": item}}}
        selector = self._state.get("ItemSelector")
        given = upstream_states._apply_jsonata_template(selector, self._raw_input, ctx) if selector else item
        name = new_uuid()
        child = {"executionArn": f"{self._machine_arn.replace(':stateMachine:', ':execution:')}:{name}", "stateMachineArn": self._machine_arn,
                 "name": name, "status": "RUNNING", "startDate": now_iso(), "stopDate": None, "input": json.dumps(given),
                 "inputDetails": {"included": True}, "output": None, "outputDetails": {"included": True}, "mapRunArn": self._arn,
                 "events": [], "testCase": "", "mockAttempts": {}}
        upstream_states._executions[child["executionArn"]] = child
        return child

    def _child_context(self, child: dict[str, Any]) -> dict[str, Any]:
        """A child is an execution of its own: it sees no variable of its parent."""
        return {"QueryLanguage": self._ctx["QueryLanguage"], "variables": {},
                "Execution": {"Id": child["executionArn"], "Input": json.loads(child["input"]), "Name": child["name"], "StartTime": child["startDate"]},
                "StateMachine": {"Id": self._machine_arn, "Name": self._machine_name}}

    def _run_child(self, index: int, results: list[Any], scope: task_scope.Scope) -> None:
        if task_scope.is_given_up():
            self._moved("pending", "aborted")
            return
        # What fails here counts against this run's threshold, not for a Map or Parallel around it.
        branches.leave_group()
        self._moved("pending", "running")
        child = self._child(self._items[index], index)
        processor = self._state["ItemProcessor"]
        try:
            results[index] = upstream_states._run_sub_machine(processor["States"], processor["StartAt"], json.loads(child["input"]), child,
                                                              self._child_context(child))
            child.update(status="SUCCEEDED", output=json.dumps(results[index]), stopDate=now_iso())
            self._moved("running", "succeeded")
        except Exception as raised:
            error = raised if isinstance(raised, upstream_states._ExecutionError) else upstream_states._ExecutionError("States.Runtime", str(raised))
            if task_scope.is_given_up():
                child.update(status="ABORTED", stopDate=now_iso())
                self._moved("running", "aborted")
                return
            child.update(status="FAILED", error=error.error, cause=error.cause, stopDate=now_iso())
            self._moved("running", "failed")
            if self._has_failed_too_often():
                scope.give_up()

    def run(self) -> list[Any]:
        results: list[Any] = [None] * len(self._items)
        with task_scope.inner_scope() as scope:
            workers = min(self._at_once or _MOST_AT_ONCE, len(self._items), _MOST_AT_ONCE) or 1
            with ThreadPoolExecutor(max_workers=workers) as pool:
                wait([pool.submit(contextvars.copy_context().run, self._run_child, index, results, scope) for index in range(len(self._items))])
        self.view["stopDate"] = now_iso()
        if task_scope.is_given_up():
            self.view["status"] = "ABORTED"
            raise upstream_states._ExecutionError("States.Runtime", "the execution ended while this state ran")
        if self._has_failed_too_often():
            self.view["status"] = "FAILED"
            raise upstream_states._ExecutionError("States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded")
        self.view["status"] = "SUCCEEDED"
        return results


@replaces(f"{_STATES}:_run_distributed_map")
def _as_documented(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream reads every field as JSONPath, asks for no rights, lets children see their parent's variables, and runs all to their end."""
    def _run_distributed_map(state_def, raw_input, effective, iterator, execution, ctx):
        if upstream_states._state_query_language(state_def, ctx) != "JSONata":
            return upstream(state_def, raw_input, effective, iterator, execution, ctx)
        absent = [field for field in _ABSENT if field in state_def]
        if absent:
            raise upstream_states._ExecutionError("States.Runtime", f"the local engine has no {' and no '.join(absent)} of a Distributed Map")
        items = _items(state_def, raw_input, ctx)
        machine = execution["stateMachineArn"]
        executions = machine.replace(":stateMachine:", ":execution:") + ":*"
        role_check.require("States.Permissions", [("states", "states:StartExecution", machine), ("states", "states:DescribeExecution", executions),
                                                  ("states", "states:StopExecution", executions)])
        results = _MapRun(state_def, items, raw_input, execution, ctx).run()
        if len(json.dumps(results)) > _LARGEST_OUTPUT_BYTES:
            raise upstream_states._ExecutionError("States.DataLimitExceeded",
                                                  "The state/task 'Map' returned a result with a size exceeding the maximum number of bytes service limit.")
        output = upstream_states._apply_jsonata_output(state_def, raw_input, ctx, result=results, default=results)
        upstream_states._apply_state_assign(state_def, raw_input, ctx, result=results)
        return output, upstream_states._next_or_end(state_def)

    return _run_distributed_map


@replaces(f"{_STATES}:_restore_state")
def _end_map_runs(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream ends executions that ran when the process died, and leaves their map runs running for ever."""
    def _restore_state(data):
        upstream(data)
        for run in upstream_states._map_runs.all_values():
            if run["status"] == "RUNNING":
                run.update(status="FAILED", stopDate=now_iso())

    return _restore_state
