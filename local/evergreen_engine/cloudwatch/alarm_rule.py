"""Which state an alarm has, given its data points: a pure function.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass

OK, ALARM, INSUFFICIENT = "OK", "ALARM", "INSUFFICIENT_DATA"
# CloudWatch looks at more periods than it needs, so that late data fill gaps; how many more is not published.
EXTRA_PERIODS = 2

COMPARISONS: dict[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}


@dataclass(frozen=True)
class AlarmRule:
    """Settings that decide an alarm's state."""

    comparison: str
    threshold: float
    periods: int
    datapoints_to_alarm: int
    missing_data: str = "missing"

    @property
    def range(self) -> int:
        """Number of periods to look at."""
        return self.periods + EXTRA_PERIODS

    def is_breaching(self, value: float) -> bool:
        return COMPARISONS[self.comparison][0](value, self.threshold)


@dataclass(frozen=True)
class Judgement:
    state: str
    reason: str
    evaluated: list[float]


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _crossed(rule: AlarmRule, used: list[float], state: str) -> Judgement:
    agreeing = [value for value in used if rule.is_breaching(value)] if state == ALARM else \
        [value for value in used if not rule.is_breaching(value)] or used
    verb = ("was" if len(agreeing) == 1 else "were") + ("" if state == ALARM else " not")
    words = COMPARISONS[rule.comparison][1]
    reason = (f"Threshold Crossed: {len(agreeing)} out of the last {_plural(len(used), 'datapoint')} "
              f"[{', '.join(str(value) for value in agreeing)}] {verb} {words} the threshold ({rule.threshold}) "
              f"(minimum {_plural(rule.datapoints_to_alarm, 'datapoint')} for {'OK -> ALARM' if state == ALARM else 'ALARM -> OK'} transition).")
    return Judgement(state, reason, used)


def _without_data(rule: AlarmRule, current: str) -> Judgement:
    count = _plural(rule.periods, "period")
    treated = {"breaching": (ALARM, "[Breaching]"), "notBreaching": (OK, "[NonBreaching]"), "ignore": (current, "[Ignore]")}
    if rule.missing_data not in treated:
        verb = "was" if rule.periods == 1 else "were"
        return Judgement(INSUFFICIENT, f"Insufficient Data: {_plural(rule.periods, 'datapoint')} {verb} unknown.", [])
    state, name = treated[rule.missing_data]
    return Judgement(state, f"Threshold Crossed: no datapoints were received for {count} and "
                            f"{_plural(rule.periods, 'missing datapoint')} {'was' if rule.periods == 1 else 'were'} treated as {name}.", [])


def judge_alarm(rule: AlarmRule, values: list[float | None], current: str) -> Judgement:
    """State of an alarm.

    Parameters
    ----------
    values : list of float or None
        One value for each of `rule.range` periods, oldest first; None where no data came.
    current : str
        The state the alarm has now.
    """
    present = [value for value in values if value is not None]
    if not present:
        return _without_data(rule, current)
    used = present[-rule.periods:]
    breaching = sum(rule.is_breaching(value) for value in used)
    gaps = rule.periods - len(used)
    if breaching >= rule.datapoints_to_alarm:
        return _crossed(rule, used, ALARM)
    if gaps == 0 or rule.missing_data == "notBreaching":
        return _crossed(rule, used, OK)
    if rule.missing_data == "breaching":
        return _crossed(rule, used, ALARM if breaching + gaps >= rule.datapoints_to_alarm else OK)
    if _only_breaching_since(rule, values):
        # AWS's premature alarm: the oldest point breaches, is old enough, and nothing since says otherwise.
        return _crossed(rule, used, current if rule.missing_data == "ignore" else ALARM)
    return _crossed(rule, used, OK)


def _only_breaching_since(rule: AlarmRule, values: list[float | None]) -> bool:
    """Whether every point there is breaches, the oldest long enough ago."""
    ages = [len(values) - index for index, value in enumerate(values) if value is not None]
    return max(ages) >= rule.datapoints_to_alarm and all(rule.is_breaching(value) for value in values if value is not None)
