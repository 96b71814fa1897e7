"""Evaluate alarms on time: one thread looks at each of them about once a second."""

import json
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from ministack.core.responses import request_scope
from ministack.services import cloudwatch

from evergreen_engine import aws_time
from evergreen_engine.cloudwatch import metric_math, metric_store, service_metrics
from evergreen_engine.cloudwatch.alarm_rule import (
    INSUFFICIENT,
    AlarmRule,
    Judgement,
    judge_alarm,
)
from evergreen_engine.patching import replaces, require_attributes

_CLOUDWATCH = "ministack.services.cloudwatch"
require_attributes(_CLOUDWATCH, "_alarms", "_record_history", "_dispatch_alarm_actions", "_evaluate_parent_alarms")
logger = logging.getLogger("evergreen.alarms")

_TICK_SECONDS = 1.0
# Alarms with long periods move slowly; looking at them less often keeps the engine quiet.
_LONG_PERIOD_SECONDS, _LONG_PERIOD_TICKS = 60, 5
# AWS returns an alarm to its actual state "often within seconds" after SetAlarmState.
_HOLD_SECONDS = 5.0
_held_until: dict[str, float] = {}


def rule_of(alarm: dict[str, Any]) -> AlarmRule:
    """The deciding settings of a stored alarm."""
    periods = int(alarm.get("EvaluationPeriods") or 1)
    return AlarmRule(comparison=alarm["ComparisonOperator"], threshold=float(alarm.get("Threshold") or 0),
                     periods=periods, datapoints_to_alarm=int(alarm.get("DatapointsToAlarm") or periods),
                     missing_data=alarm.get("TreatMissingData") or "missing")


def _dimensions(listed: list[dict[str, str]] | None) -> dict[str, str]:
    return {item["Name"]: item["Value"] for item in listed or []}


def period_of(alarm: dict[str, Any]) -> int:
    """Seconds of one period; of a metric-math alarm the longest of its metrics."""
    if not alarm.get("Metrics"):
        return int(alarm.get("Period") or 60)
    periods = [query.get("Period") or (query.get("MetricStat") or {}).get("Period") for query in alarm["Metrics"]]
    return max((int(period) for period in periods if period), default=60)


def _values(alarm: dict[str, Any], count: int, end: float) -> list[float | None]:
    period = period_of(alarm)
    if not alarm.get("Metrics"):
        statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic") or "Average"
        return metric_store.windows(alarm["Namespace"], alarm["MetricName"], _dimensions(alarm.get("Dimensions")),
                                    statistic, period, count, end, alarm.get("Unit"))
    series: dict[str, metric_math.Series] = {}
    expressions = []
    for query in alarm["Metrics"]:
        stat = query.get("MetricStat")
        if stat:
            metric = stat["Metric"]
            series[query["Id"]] = metric_store.windows(
                metric.get("Namespace", ""), metric["MetricName"], _dimensions(metric.get("Dimensions")), stat["Stat"],
                period, count, end, stat.get("Unit"))
        else:
            expressions.append(query)
    returned = next((query for query in alarm["Metrics"] if query.get("ReturnData", True)), alarm["Metrics"][-1])
    return _resolve(expressions, series, returned["Id"], count)


def _resolve(expressions: list[dict[str, Any]], series: dict[str, metric_math.Series], wanted: str, count: int) -> metric_math.Series:
    """Compute expressions until `wanted` is known; one may use another that is listed later."""
    waiting = list(expressions)
    while wanted not in series:
        left, problem = [], None
        for query in waiting:
            try:
                series[query["Id"]] = metric_math.compute(query["Expression"], series, count)
            except metric_math.MathError as error:
                left.append(query)
                problem = error
        if len(left) == len(waiting):
            raise problem or metric_math.MathError(f"{wanted} is not computed by any expression")
        waiting = left
    return series[wanted]


def evaluate(alarm: dict[str, Any], now: float) -> None:
    """Bring one alarm of the current account and region up to date."""
    if _held_until.get(alarm["AlarmArn"], 0) > now:
        return
    rule = rule_of(alarm)
    try:
        values = _values(alarm, rule.range, now)
        found = judge_alarm(rule, values, alarm["StateValue"])
    except metric_math.MathError as error:
        found = Judgement(INSUFFICIENT, f"Unable to evaluate alarm: {error}", [])
    if found.state != alarm["StateValue"]:
        _change(alarm, found, now)


def _change(alarm: dict[str, Any], found: Judgement, now: float) -> None:
    old_state = alarm["StateValue"]
    period = period_of(alarm)
    data = {"version": "1.0", "queryDate": aws_time.iso_offset(now), "startDate": aws_time.iso_offset(now - period * rule_of(alarm).periods),
            "statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic"), "period": period,
            "recentDatapoints": found.evaluated, "threshold": alarm.get("Threshold")}
    alarm["StateReason"] = found.reason
    alarm["StateReasonData"] = json.dumps(data)
    alarm["StateUpdatedTimestamp"] = alarm["StateTransitionedTimestamp"] = round(now, 3)
    alarm["StateValue"] = found.state
    cloudwatch._record_history(alarm["AlarmName"], old_state, found.state, found.reason, reason_data=data)
    cloudwatch._dispatch_alarm_actions(alarm, old_state, found.state, found.reason)
    cloudwatch._evaluate_parent_alarms(alarm)


@replaces(f"{_CLOUDWATCH}:_evaluate_alarm")
def _leave_to_the_ticker(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream pools all dimensions, knows no periods, and evaluates only when data arrive."""
    def _evaluate_alarm(alarm):
        return None

    return _evaluate_alarm


@replaces(f"{_CLOUDWATCH}:_evaluate_all_alarms")
def _no_evaluation_per_request(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream evaluates every alarm inside each PutMetricData."""
    def _evaluate_all_alarms():
        return None

    return _evaluate_all_alarms


@replaces(f"{_CLOUDWATCH}:_set_alarm_state")
def _hold_set_state(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """A state set by hand must last long enough to be seen."""
    def _set_alarm_state(params, cbor_data, is_cbor, is_json=False):
        name = cbor_data.get("AlarmName", "") if is_cbor or is_json else cloudwatch._p(params, "AlarmName")
        alarm = cloudwatch._alarms.get(name)
        if alarm:
            _held_until[alarm["AlarmArn"]] = time.time() + _HOLD_SECONDS
        return upstream(params, cbor_data, is_cbor, is_json)

    return _set_alarm_state


class AlarmTicker:
    """Thread that evaluates all alarms of all accounts and regions."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="evergreen-alarms", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        tick = 0
        while not self._stop.wait(_TICK_SECONDS):
            now, tick = time.time(), tick + 1
            service_metrics.look_at_queues(now, request_scope)
            for (account, region, name), alarm in cloudwatch._alarms.all_items():
                if period_of(alarm) > _LONG_PERIOD_SECONDS and tick % _LONG_PERIOD_TICKS:
                    continue
                try:
                    with request_scope(account, region):
                        evaluate(alarm, now)
                except Exception:
                    logger.warning("alarm %s could not be evaluated", name, exc_info=True)
