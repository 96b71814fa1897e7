"""Task time-outs written as JSONata, retries with jitter, and which errors States.ALL leaves alone."""

import random
from collections.abc import Callable
from typing import Any

from ministack.services import stepfunctions as upstream_states

from evergreen_engine.patching import replaces, require_attributes
from evergreen_engine.stepfunctions import execution_ends, task_scope

_STATES = "ministack.services.stepfunctions"
require_attributes(_STATES, "_apply_jsonata_template", "_state_query_language", "_ExecutionError")
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
_NEVER_CAUGHT_BY_ALL = ("States.Runtime", "States.DataLimitExceeded")


@replaces(f"{_STATES}:_execute_task")
def _with_evaluated_limits(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream takes TimeoutSeconds and HeartbeatSeconds as numbers only; in JSONata they may be expressions."""
    def _execute_task(state_def, raw_input, execution, ctx):
        execution_ends.raise_if_given_up()
        if upstream_states._state_query_language(state_def, ctx) == "JSONata":
            limits = {name: upstream_states._apply_jsonata_template(state_def[name], raw_input, ctx)
                      for name in ("TimeoutSeconds", "HeartbeatSeconds") if isinstance(state_def.get(name), str)}
            state_def = {**state_def, **limits}
        return upstream(state_def, raw_input, execution, ctx)

    return _execute_task


@replaces(f"{_STATES}:_invoke_resource_with_timeout")
def _timeout_gives_up(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream leaves the work of a timed-out task running; AWS stops the job of a .sync task."""
    def _invoke_resource_with_timeout(resource, input_data, timeout):
        with task_scope.inner_scope() as scope:
            try:
                return upstream(resource, input_data, timeout)
            except upstream_states._ExecutionError as error:
                if error.error == "States.Timeout":
                    scope.give_up()
                raise

    return _invoke_resource_with_timeout


@replaces(f"{_STATES}:_find_matching_retrier")
def _with_delay_rules(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream knows neither MaxDelaySeconds nor JitterStrategy; the delay is worked out here instead."""
    def _find_matching_retrier(retriers, error, retry_counts):
        execution_ends.raise_if_given_up()
        retrier, index = upstream(retriers, error, retry_counts)
        if retrier is None:
            return retrier, index
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** retry_counts.get(index, 0)
        delay = min(delay, retrier.get("MaxDelaySeconds", delay))
        if retrier.get("JitterStrategy") == "FULL":
            delay = random.uniform(0, delay)
        return {**retrier, "IntervalSeconds": delay, "BackoffRate": 1.0}, index

    return _find_matching_retrier


@replaces(f"{_STATES}:_error_matches")
def _all_but_runtime(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream lets States.ALL catch States.Runtime, which AWS does not."""
    def _error_matches(error_equals, error):
        if error in _NEVER_CAUGHT_BY_ALL:
            return error in error_equals
        return upstream(error_equals, error)

    return _error_matches
