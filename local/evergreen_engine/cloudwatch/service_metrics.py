"""Metrics AWS services publish by themselves and MiniStack does not: API Gateway, Step Functions, SQS.

Names and dimensions follow each service's CloudWatch page; only the ones alarms are made of are here.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ministack.services import apigateway_v1, cloudwatch, cloudwatch_logs, sqs

from evergreen_engine.patching import replaces, require_attributes

require_attributes("ministack.services.apigateway_v1", "_GatewayError", "_rest_apis", "_stages_v1")
require_attributes("ministack.services.sqs", "_queues", "_refresh_counts")
logger = logging.getLogger("evergreen.metrics")

_STATE_METRICS = {"SUCCEEDED": "ExecutionsSucceeded", "FAILED": "ExecutionsFailed", "TIMED_OUT": "ExecutionsTimedOut",
                  "ABORTED": "ExecutionsAborted", "RUNNING": "ExecutionsStarted"}
_QUEUE_SECONDS = 10
_next_queue_look = 0.0
_not_empty: set[tuple[str, str, str]] = set()


def _api_metrics(api_id: str, stage_name: str, status: int, milliseconds: float) -> None:
    name = (apigateway_v1._rest_apis.get(api_id) or {}).get("name", api_id)
    values = {"Count": (1, "Count"), "4XXError": (int(400 <= status < 500), "Count"), "5XXError": (int(status >= 500), "Count"),
              "Latency": (milliseconds, "Milliseconds"), "IntegrationLatency": (milliseconds, "Milliseconds")}
    for dimensions in ({"ApiName": name}, {"ApiName": name, "Stage": stage_name}):
        for metric, (value, unit) in values.items():
            cloudwatch.record_metric("AWS/ApiGateway", metric, value, unit, dimensions)


def _access_log(api_id: str, stage_name: str, request: dict[str, Any], method: str, path: str, status: int,
                length: int, milliseconds: float) -> None:
    settings = (apigateway_v1._stages_v1.get(api_id, {}).get(stage_name) or {}).get("accessLogSettings") or {}
    group = settings.get("destinationArn", "").rpartition("log-group:")[2].removesuffix(":*")
    if not group or group not in cloudwatch_logs._log_groups:
        return
    values = {"requestId": request["request_id"], "extendedRequestId": request["request_id"], "httpMethod": method,
              "resourcePath": request.get("resource_path") or path, "path": f"/{stage_name}{path}", "protocol": "HTTP/1.1",
              "status": status, "responseLength": length, "responseLatency": int(milliseconds), "integrationLatency": int(milliseconds),
              "requestTime": datetime.now(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"), "requestTimeEpoch": int(time.time() * 1000),
              "apiId": api_id, "stage": stage_name, "identity.sourceIp": "127.0.0.1",
              "identity.userAgent": request["headers"].get("user-agent", "-")}
    line = settings.get("format", "")
    # Longest name first, so that $context.path does not eat the head of $context.pathFoo.
    for name in sorted(values, key=len, reverse=True):
        line = line.replace(f"$context.{name}", str(values[name]).replace('"', "'"))
    stream = datetime.now(UTC).strftime("%Y/%m/%d")
    cloudwatch_logs._create_log_stream({"logGroupName": group, "logStreamName": stream})
    cloudwatch_logs._put_log_events({"logGroupName": group, "logStreamName": stream,
                                     "logEvents": [{"timestamp": int(time.time() * 1000), "message": line}]})


@replaces("ministack.services.apigateway_v1:_execute_in_scope")
def _measure_api(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream publishes no metrics of REST APIs and writes no access logs."""
    async def _execute_in_scope(request, api_id, stage_name, method, path, headers, body, query_params, owner_account_id, owner_region):
        started = time.perf_counter()
        answer = await upstream(request, api_id, stage_name, method, path, headers, body, query_params, owner_account_id, owner_region)
        milliseconds = (time.perf_counter() - started) * 1000
        try:
            final = answer
            if isinstance(answer, apigateway_v1._GatewayError):
                final = answer = apigateway_v1._gateway_error_response(answer, request)
            if request["stage"] is not None:
                _api_metrics(api_id, stage_name, int(final[0]), milliseconds)
                _access_log(api_id, stage_name, request, method, path, int(final[0]), len(final[2] or b""), milliseconds)
        except Exception:
            logger.warning("a request to API %s could not be measured", api_id, exc_info=True)
        return answer

    return _execute_in_scope


@replaces("ministack.services.stepfunctions:_emit_execution_status_event")
def _count_executions(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream publishes the status event of an execution and no metric."""
    def _emit_execution_status_event(execution):
        upstream(execution)
        metric = _STATE_METRICS.get(execution["status"])
        if metric:
            cloudwatch.record_metric("AWS/States", metric, 1, "Count", {"StateMachineArn": execution["stateMachineArn"]})

    return _emit_execution_status_event


def _function_metrics(function_name: str, values: dict[str, tuple[float, str]]) -> None:
    for dimensions in ({"FunctionName": function_name}, {}):
        for metric, (value, unit) in values.items():
            cloudwatch.record_metric("AWS/Lambda", metric, value, unit, dimensions)


@replaces("ministack.services.lambda_svc:_execute_function_dispatch")
def _count_every_invocation(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream counts invocations through the Invoke API only: none by API Gateway, SQS, events or state machines."""
    def _execute_function_dispatch(func, config, event, request_id, started):
        answer = upstream(func, config, event, request_id, started)
        is_error = bool(answer.get("error")) if isinstance(answer, dict) else False
        _function_metrics(config.get("FunctionName", "unknown"), {
            "Invocations": (1, "Count"), "Errors": (int(is_error), "Count"), "Throttles": (0, "Count"),
            "Duration": ((time.time() - started) * 1000, "Milliseconds")})
        return answer

    return _execute_function_dispatch


@replaces("ministack.services.lambda_svc:_emit_lambda_metrics")
def _count_throttles_only(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Everything else is counted above; a throttled call never gets there, and is reported here without a duration."""
    def _emit_lambda_metrics(function_name, duration_ms, error, throttle):
        if throttle and not duration_ms:
            _function_metrics(function_name, {"Throttles": (1, "Count")})

    return _emit_lambda_metrics


def look_at_queues(now: float, scope: Callable[[str, str], Any]) -> None:
    """Publish the length of each queue that has messages, or had some at the last look.

    Empty queues publish nothing (AWS stops after six idle hours); alarms treat that as missing data.
    """
    global _next_queue_look
    if now < _next_queue_look:
        return
    _next_queue_look = now + _QUEUE_SECONDS
    for key, queue in sqs._queues.all_items():
        if not queue["messages"] and key not in _not_empty:
            continue
        (_not_empty.add if queue["messages"] else _not_empty.discard)(key)
        with scope(key[0], key[1]):
            sqs._refresh_counts(queue)
            oldest = min((message["sent_at"] for message in queue["messages"]), default=now)
            values = {"ApproximateNumberOfMessagesVisible": queue["attributes"]["ApproximateNumberOfMessages"],
                      "ApproximateNumberOfMessagesNotVisible": queue["attributes"]["ApproximateNumberOfMessagesNotVisible"],
                      "ApproximateAgeOfOldestMessage": max(0.0, now - oldest)}
            for metric, value in values.items():
                cloudwatch.record_metric("AWS/SQS", metric, float(value), "Count", {"QueueName": queue["name"]})
