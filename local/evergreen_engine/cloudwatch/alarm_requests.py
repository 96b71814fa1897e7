"""PutMetricAlarm with metric math and checked periods, through the API and through CloudFormation."""

from collections.abc import Callable
from typing import Any

from ministack.services import cloudwatch
from ministack.services.cloudformation import provisioners

from evergreen_engine.cloudwatch import metric_math
from evergreen_engine.cloudwatch.alarm_rule import COMPARISONS
from evergreen_engine.patching import replaces, require_attributes

_CLOUDWATCH = "ministack.services.cloudwatch"
_PROVISIONERS = "ministack.services.cloudformation.provisioners"
require_attributes(_CLOUDWATCH, "_put_composite_alarm", "_delete_alarms", "_composite_alarms", "_error")
require_attributes(_PROVISIONERS, "_RESOURCE_HANDLERS", "_physical_name")
# Members a metric-math alarm does not have; upstream fills in defaults for some of them.
_SINGLE_METRIC_MEMBERS = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Dimensions", "Unit")
_MISSING_DATA = ("breaching", "notBreaching", "ignore", "missing")


def _period_problem(period: Any) -> str | None:
    if int(period) in (10, 20, 30) or (int(period) >= 60 and int(period) % 60 == 0):
        return None
    return f"Period must be 10, 20, 30 or a multiple of 60, not {period}"


def _queries_problem(queries: list[dict[str, Any]]) -> str | None:
    returned = [query["Id"] for query in queries if query.get("ReturnData", True)]
    if len(returned) != 1:
        return f"Exactly one element of the metrics list should return data, not {len(returned)}"
    names = {query["Id"] for query in queries}
    for query in queries:
        stat = query.get("MetricStat")
        if stat:
            problem = _period_problem(stat["Period"])
            if problem:
                return problem
        else:
            try:
                metric_math.compute(query["Expression"], {name: [1.0] for name in names}, 1)
            except metric_math.MathError as error:
                return f"Error in expression '{query['Id']}': {error}"
    return None


def problem_with(alarm: dict[str, Any]) -> str | None:
    """What is wrong with an alarm's settings, or None."""
    if alarm.get("ComparisonOperator") not in COMPARISONS:
        return (f"ComparisonOperator {alarm.get('ComparisonOperator')} is not known to the local engine; "
                f"there are {', '.join(COMPARISONS)}")
    if alarm.get("TreatMissingData", "missing") not in _MISSING_DATA:
        return f"TreatMissingData {alarm['TreatMissingData']} is not one of {', '.join(_MISSING_DATA)}"
    if int(alarm.get("DatapointsToAlarm") or 1) > int(alarm.get("EvaluationPeriods") or 1):
        return "DatapointsToAlarm must be less than or equal to EvaluationPeriods"
    if alarm.get("Metrics"):
        return _queries_problem(alarm["Metrics"])
    return _period_problem(alarm.get("Period") or 60)


def _as_math_alarm(alarm: dict[str, Any], queries: list[dict[str, Any]]) -> None:
    for member in _SINGLE_METRIC_MEMBERS:
        alarm.pop(member, None)
    alarm["Metrics"] = queries


@replaces(f"{_CLOUDWATCH}:_put_metric_alarm")
def _put_with_math(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream ignores Metrics and checks neither period nor datapoints."""
    def _put_metric_alarm(params, cbor_data, is_cbor, is_json=False):
        # Over the old query protocol (no SDK of ours speaks it) upstream alone decides.
        if not (is_cbor or is_json):
            return upstream(params, cbor_data, is_cbor, is_json)
        problem = problem_with(cbor_data)
        if problem:
            return cloudwatch._error("ValidationError", problem, 400, use_json=is_json, use_cbor=is_cbor)
        answer = upstream(params, cbor_data, is_cbor, is_json)
        if answer[0] < 400 and cbor_data.get("Metrics"):
            _as_math_alarm(cloudwatch._alarms[cbor_data["AlarmName"]], cbor_data["Metrics"])
        return answer

    return _put_metric_alarm


def _typed_queries(queries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Template values may be text where the API has numbers and booleans."""
    typed = []
    for query in queries:
        query = dict(query)
        if "ReturnData" in query:
            query["ReturnData"] = str(query["ReturnData"]).lower() == "true"
        if "Period" in query:
            query["Period"] = int(query["Period"])
        if "MetricStat" in query:
            query["MetricStat"] = {**query["MetricStat"], "Period": int(query["MetricStat"]["Period"])}
        typed.append(query)
    return typed


@replaces(f"{_PROVISIONERS}:_cw_metric_alarm_record")
def _record_with_math(upstream: Callable[..., Any]) -> Callable[..., Any]:
    """Upstream refuses templates with metric-math alarms."""
    def _cw_metric_alarm_record(name, props):
        queries = _typed_queries(props.get("Metrics") or [])
        problem = problem_with({**props, "Metrics": queries})
        if problem:
            raise ValueError(problem)
        if not queries:
            return upstream(name, props)
        single = {key: value for key, value in props.items() if key != "Metrics"}
        alarm = upstream(name, {**single, "MetricName": "math", "Namespace": "math"})
        _as_math_alarm(alarm, queries)
        return alarm

    return _cw_metric_alarm_record


def _put_composite(name: str, properties: dict[str, Any]) -> tuple[str, dict[str, str]]:
    request = {**properties, "AlarmName": name, "ActionsEnabled": str(properties.get("ActionsEnabled", True)).lower() == "true"}
    status, _, body = cloudwatch._put_composite_alarm({}, request, False, True)
    if status >= 400:
        raise ValueError(f"AWS::CloudWatch::CompositeAlarm: {body.decode()}")
    return name, {"Arn": cloudwatch._composite_alarms[name]["AlarmArn"]}


def _create_composite(logical_id: str, properties: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
    name = properties.get("AlarmName") or provisioners._physical_name(stack_name, logical_id, max_len=255)
    return _put_composite(name, properties)


def _update_composite(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
    return _put_composite(physical_id, new)


def _delete_composite(physical_id: str, properties: dict[str, Any]) -> None:
    cloudwatch._composite_alarms.pop(physical_id, None)


def add_composite_alarms() -> None:
    """Let CloudFormation make composite alarms, which upstream's API knows and its templates do not."""
    provisioners._RESOURCE_HANDLERS["AWS::CloudWatch::CompositeAlarm"] = {
        "create": _create_composite, "update": _update_composite, "delete": _delete_composite}
