"""Items of a Map and branches of a Parallel: when one fails the others are stopped."""

import contextlib
import contextvars
from collections.abc import Callable, Iterator
from typing import Any

from ministack.services import stepfunctions as upstream_states

from evergreen_engine.patching import replaces, require_attributes
from evergreen_engine.stepfunctions import task_scope

_STATES = "ministack.services.stepfunctions"
require_attributes(_STATES, "_ExecutionError")


class _Group:
    """What runs side by side in one state, and the first failure among it."""

    def __init__(self, scope: task_scope.Scope) -> None:
        self._scope = scope
        self.failure: Exception | None = None

    def fail(self, failure: Exception) -> None:
        if self.failure is None:
            self.failure = failure
        self._scope.give_up()


_current: contextvars.ContextVar[_Group | None] = contextvars.ContextVar("evergreen_branches", default=None)


def leave_group() -> None:
    """Let the rest of this thread fail by itself."""
    _current.set(None)


@contextlib.contextmanager
def _side_by_side() -> Iterator[None]:
    with task_scope.inner_scope() as scope:
        group = _Group(scope)
        token = _current.set(group)
        try:
            yield
        except upstream_states._ExecutionError as error:
            # Upstream raises the failure of the first in order, which may be one that was stopped for another's.
            raise group.failure or error from None
        finally:
            _current.reset(token)


@replaces(f"{_STATES}:_run_map_items")
def _stop_other_items(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream lets the other items run to their end."""
    def _run_map_items(state_def, raw_input, execution, ctx):
        processor = state_def.get("ItemProcessor") or {}
        if (processor.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED":
            # Its items are executions of their own, and it says how many may fail (distributed_map.py).
            return upstream(state_def, raw_input, execution, ctx)
        with _side_by_side():
            return upstream(state_def, raw_input, execution, ctx)

    return _run_map_items


@replaces(f"{_STATES}:_run_parallel_branches")
def _stop_other_branches(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream lets the other branches run to their end."""
    def _run_parallel_branches(state_def, raw_input, execution, ctx):
        with _side_by_side():
            return upstream(state_def, raw_input, execution, ctx)

    return _run_parallel_branches


@replaces(f"{_STATES}:_run_sub_machine")
def _tell_the_others(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """What an item or a branch fails with ends its state."""
    def _run_sub_machine(states, start_at, input_data, execution, ctx):
        try:
            return upstream(states, start_at, input_data, execution, ctx)
        except upstream_states._ExecutionError as error:
            group = _current.get()
            if group:
                group.fail(error)
            raise

    return _run_sub_machine
