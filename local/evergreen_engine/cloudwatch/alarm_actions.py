"""What a state change sets off: SNS, Lambda, and an event on EventBridge."""

import functools
import json
import logging
import time
from collections.abc import Callable
from typing import Any

import botocore.session
from ministack.core.concurrency import spawn_background
from ministack.core.responses import get_account_id, get_region, new_uuid
from ministack.services import eventbridge, lambda_svc, sns

from evergreen_engine import aws_time
from evergreen_engine.patching import replaces, require_attributes

_CLOUDWATCH = "ministack.services.cloudwatch"
require_attributes("ministack.services.sns", "_fanout")
logger = logging.getLogger("evergreen.alarms")

_ACTION_MEMBERS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_last_state: dict[str, dict[str, Any]] = {}


@functools.cache
def _region_title(region: str) -> str:
    """``Europe (Frankfurt)`` for ``eu-central-1``, as alarm messages name it."""
    for partition in botocore.session.get_session().get_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return partition["regions"][region]["description"]
    return region


def _trigger(alarm: dict[str, Any]) -> dict[str, Any]:
    common = {"Period": alarm.get("Period", 60), "EvaluationPeriods": alarm.get("EvaluationPeriods", 1),
              "ComparisonOperator": alarm.get("ComparisonOperator"), "Threshold": alarm.get("Threshold"),
              "TreatMissingData": alarm.get("TreatMissingData", "missing"), "EvaluateLowSampleCountPercentile": ""}
    if alarm.get("DatapointsToAlarm"):
        common["DatapointsToAlarm"] = alarm["DatapointsToAlarm"]
    if alarm.get("Metrics"):
        return {**common, "Metrics": alarm["Metrics"]}
    dimensions = [{"value": item["Value"], "name": item["Name"]} for item in alarm.get("Dimensions") or []]
    extended = alarm.get("ExtendedStatistic")
    kind = {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": extended} if extended else \
        {"StatisticType": "Statistic", "Statistic": str(alarm.get("Statistic", "Average")).upper()}
    return {"MetricName": alarm.get("MetricName"), "Namespace": alarm.get("Namespace"), **kind,
            "Unit": alarm.get("Unit"), "Dimensions": dimensions, **common}


def _message(alarm: dict[str, Any], old_state: str, new_state: str, reason: str) -> dict[str, Any]:
    """The JSON CloudWatch sends to SNS."""
    changed = alarm.get("StateUpdatedTimestamp") or time.time()
    message = {
        "AlarmName": alarm["AlarmName"], "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": get_account_id(),
        "AlarmConfigurationUpdatedTimestamp": aws_time.iso_offset(alarm.get("AlarmConfigurationUpdatedTimestamp") or changed),
        "NewStateValue": new_state, "NewStateReason": reason, "StateChangeTime": aws_time.iso_offset(changed),
        "Region": _region_title(get_region()), "AlarmArn": alarm["AlarmArn"], "OldStateValue": old_state,
        "OKActions": alarm.get("OKActions") or [], "AlarmActions": alarm.get("AlarmActions") or [],
        "InsufficientDataActions": alarm.get("InsufficientDataActions") or []}
    if "AlarmRule" not in alarm:
        return {**message, "Trigger": _trigger(alarm)}
    children = json.loads(alarm.get("StateReasonData") or "{}").get("triggeringAlarms", [])
    return {**message, "AlarmRule": alarm["AlarmRule"], "TriggeringChildren": [
        {"Arn": child["arn"], "State": {"Value": child["state"]["value"], "Timestamp": child["state"]["timestamp"]}} for child in children]}


def _metric_entries(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    if alarm.get("Metrics"):
        return [_lower(query) for query in alarm["Metrics"]]
    dimensions = {item["Name"]: item["Value"] for item in alarm.get("Dimensions") or []}
    return [{"id": new_uuid(), "returnData": True, "metricStat": {
        "metric": {"namespace": alarm.get("Namespace"), "name": alarm.get("MetricName"), "dimensions": dimensions},
        "period": alarm.get("Period", 60), "stat": alarm.get("ExtendedStatistic") or alarm.get("Statistic")}}]


def _lower(value: Any) -> Any:
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _lower(item) for key, item in value.items()}
    return [_lower(item) for item in value] if isinstance(value, list) else value


def _state(alarm: dict[str, Any], value: str, reason: str) -> dict[str, Any]:
    state = {"value": value, "reason": reason, "timestamp": aws_time.iso_offset(alarm.get("StateUpdatedTimestamp") or time.time())}
    return {**state, "reasonData": alarm["StateReasonData"]} if alarm.get("StateReasonData") else state


def _publish_event(alarm: dict[str, Any], old_state: str, new_state: str, reason: str) -> dict[str, Any]:
    now = _state(alarm, new_state, reason)
    before = _last_state.get(alarm["AlarmArn"], {"value": old_state, "reason": "", "timestamp": now["timestamp"]})
    _last_state[alarm["AlarmArn"]] = now
    configuration: dict[str, Any] = {"description": alarm.get("AlarmDescription") or ""}
    if "AlarmRule" in alarm:
        configuration["alarmRule"] = alarm["AlarmRule"]
    else:
        configuration["metrics"] = _metric_entries(alarm)
    detail = {"alarmName": alarm["AlarmName"], "state": now, "previousState": before, "configuration": configuration}
    eventbridge._put_events({"Entries": [{"Source": "aws.cloudwatch", "DetailType": "CloudWatch Alarm State Change",
                                          "Resources": [alarm["AlarmArn"]], "Detail": json.dumps(detail)}]}, allow_aws_source=True)
    return detail


def _act(action: str, alarm: dict[str, Any], message: str, subject: str, detail: dict[str, Any]) -> None:
    if ":sns:" in action:
        sns._fanout(action, new_uuid(), message, subject)
    elif ":function:" in action:
        function = lambda_svc._functions.get(action.split(":function:")[1].split(":")[0])
        if function:
            event = {"source": "aws.cloudwatch", "alarmArn": alarm["AlarmArn"], "accountId": get_account_id(),
                     "time": aws_time.iso_offset(time.time()), "region": get_region(), "alarmData": detail}
            spawn_background(lambda_svc._execute_function_with_config_scope, function, event, thread_name="evergreen-alarm-action")


@replaces(f"{_CLOUDWATCH}:_dispatch_alarm_actions")
def _act_and_tell(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream sends a part of AWS's message to SNS, nothing to Lambda and nothing to EventBridge."""
    def _dispatch_alarm_actions(alarm, old_state, new_state, reason):
        try:
            detail = _publish_event(alarm, old_state, new_state, reason)
        except Exception:
            logger.warning("state change of %s could not be published", alarm["AlarmArn"], exc_info=True)
            detail = {}
        if not alarm.get("ActionsEnabled", True):
            return
        message = json.dumps(_message(alarm, old_state, new_state, reason))
        subject = f'{new_state}: "{alarm["AlarmName"]}" in {_region_title(get_region())}'[:100]
        for action in alarm.get(_ACTION_MEMBERS.get(new_state, "")) or []:
            try:
                _act(action, alarm, message, subject, detail)
            except Exception:
                logger.warning("action %s of %s failed", action, alarm["AlarmArn"], exc_info=True)

    return _dispatch_alarm_actions
