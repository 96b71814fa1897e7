"""What happens to a log line when it arrives: embedded metrics, metric filters, subscriptions."""

import base64
import gzip
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from ministack.core.concurrency import spawn_background
from ministack.core.responses import get_account_id, new_uuid
from ministack.services import cloudwatch, cloudwatch_logs, lambda_svc

from evergreen_engine.logs import embedded_metrics
from evergreen_engine.logs.filter_pattern import PatternError, compile_pattern
from evergreen_engine.patching import replaces, require_attributes

_LOGS = "ministack.services.cloudwatch_logs"
require_attributes(_LOGS, "_log_groups", "_metric_filters")
require_attributes("ministack.services.lambda_svc", "_functions", "_execute_function_with_config_scope")
logger = logging.getLogger("evergreen.logs")
_RETRY_SECONDS = (1, 2, 4, 8, 16)


def _matches(pattern: str, message: str) -> bool:
    try:
        return compile_pattern(pattern)(message)
    except PatternError:
        return False


@replaces(f"{_LOGS}:_append_log_events")
def _read_embedded_metrics(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream stores lines only; this is the one place both PutLogEvents and function logs pass."""
    def _append_log_events(stream, events):
        upstream(stream, events)
        for event in events:
            try:
                embedded_metrics.record(event["message"])
            except Exception:
                logger.warning("embedded metrics of a line could not be read", exc_info=True)

    return _append_log_events


@replaces(f"{_LOGS}:_subscription_pattern_matches")
def _whole_pattern(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream looks for each word of the pattern anywhere in the line, so a JSON pattern means nothing."""
    def _subscription_pattern_matches(pattern, message):
        return _matches(pattern, message or "")

    return _subscription_pattern_matches


@replaces(f"{_LOGS}:_compile_filter_pattern")
def _whole_search_pattern(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream lets every line pass a JSON pattern in FilterLogEvents."""
    def _compile_filter_pattern(raw):
        return lambda message: _matches(raw or "", message)

    return _compile_filter_pattern


def _apply_metric_filters(group_name: str, events: list[dict[str, Any]]) -> None:
    filters = [entry for (group, _), entry in cloudwatch_logs._metric_filters.items() if group == group_name]
    for entry in filters:
        matched = sum(_matches(entry.get("filterPattern", ""), event.get("message", "")) for event in events)
        for transformation in entry.get("metricTransformations", []) if matched else []:
            try:
                value = float(transformation.get("metricValue", "1"))
            except ValueError:
                # "$.field" values would need the selector's value; no template of ours uses them.
                continue
            for _ in range(matched):
                cloudwatch.record_metric(transformation["metricNamespace"], transformation["metricName"], value)


def _call_until_taken(function: dict[str, Any], event: dict[str, Any]) -> None:
    """CloudWatch Logs tries again what a subscriber did not take; here for half a minute, there for a day."""
    for wait in (*_RETRY_SECONDS, None):
        if not lambda_svc._execute_function_with_config_scope(function, event).get("error"):
            return
        if wait is not None:
            time.sleep(wait)
    logger.warning("lines for %s were given up: it failed %d times", function["config"]["FunctionName"], len(_RETRY_SECONDS) + 1)


def _deliver(entry: dict[str, Any], group_name: str, stream_name: str, events: list[dict[str, Any]]) -> None:
    function_name = entry.get("destinationArn", "").split(":function:")[-1].split(":")[0]
    # A subscription of a function's own group to itself would call it for ever.
    if group_name == f"/aws/lambda/{function_name}":
        return
    matched = [event for event in events if _matches(entry.get("filterPattern", ""), event.get("message", ""))]
    function = lambda_svc._functions.get(function_name) if matched else None
    if function is None:
        return
    payload = {"messageType": "DATA_MESSAGE", "owner": get_account_id(), "logGroup": group_name, "logStream": stream_name,
               "subscriptionFilters": [entry.get("filterName", "")],
               "logEvents": [{"id": new_uuid().replace("-", ""), "timestamp": event.get("timestamp", int(time.time() * 1000)),
                              "message": event.get("message", "")} for event in matched]}
    data = base64.b64encode(gzip.compress(json.dumps(payload).encode(), compresslevel=1)).decode()
    spawn_background(_call_until_taken, function, {"awslogs": {"data": data}}, thread_name="evergreen-subscription")


@replaces(f"{_LOGS}:_fanout_to_subscription_filters")
def _fan_out(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream evaluates no metric filters, and its subscriptions match words only (see above)."""
    def _fanout_to_subscription_filters(group_name, stream_name, events):
        group = cloudwatch_logs._log_groups.get(group_name)
        if not group or not events:
            return
        try:
            _apply_metric_filters(group_name, events)
            for entry in list((group.get("subscriptionFilters") or {}).values()):
                if ":function:" in entry.get("destinationArn", ""):
                    _deliver(entry, group_name, stream_name, events)
        except Exception:
            logger.warning("lines of %s could not be delivered", group_name, exc_info=True)

    return _fanout_to_subscription_filters
