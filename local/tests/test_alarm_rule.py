"""The tables of AWS's page on missing data, and metric math."""

import pytest

from evergreen_engine.cloudwatch.alarm_rule import AlarmRule, judge_alarm
from evergreen_engine.cloudwatch.metric_math import MathError, compute

TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def values(text: str) -> list[float | None]:
    return [{"X": 1.0, "0": 0.0, "-": None}[sign] for sign in text.split()]


@pytest.mark.parametrize("points, expected", [
    ("0 - X - X", ("OK", "OK", "OK", "OK")),
    ("- - - - 0", ("OK", "OK", "OK", "OK")),
    ("- - - - -", ("INSUFFICIENT_DATA", "kept", "ALARM", "OK")),
    ("0 X X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    ("- - X - -", ("ALARM", "kept", "ALARM", "OK"))])
def test_three_of_three(points, expected):
    for treatment, state in zip(TREATMENTS, expected, strict=True):
        rule = AlarmRule("GreaterThanThreshold", 0.5, 3, 3, treatment)
        assert judge_alarm(rule, values(points), "kept").state == state, treatment


@pytest.mark.parametrize("points, expected", [
    ("0 - X - X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    ("0 0 X 0 X", ("ALARM", "ALARM", "ALARM", "ALARM")),
    ("0 - X - -", ("OK", "OK", "ALARM", "OK")),
    ("- - - - 0", ("OK", "OK", "ALARM", "OK")),
    ("- - - X -", ("ALARM", "kept", "ALARM", "OK"))])
def test_two_of_three(points, expected):
    for treatment, state in zip(TREATMENTS, expected, strict=True):
        rule = AlarmRule("GreaterThanThreshold", 0.5, 3, 2, treatment)
        assert judge_alarm(rule, values(points), "kept").state == state, treatment


def test_a_reason_reads_like_the_one_of_aws():
    found = judge_alarm(AlarmRule("GreaterThanThreshold", 1.0, 1, 1), [None, None, 5.0], "OK")
    assert found.reason == ("Threshold Crossed: 1 out of the last 1 datapoint [5.0] was greater than the threshold (1.0) "
                            "(minimum 1 datapoint for OK -> ALARM transition).")


@pytest.mark.parametrize("expression, expected", [
    ("errors / calls * 100", [50.0, None, None]),
    ("FILL(errors, 0) + 1", [2.0, 3.0, 1.0]),
    ("IF(calls > 1, errors, -1)", [1.0, -1.0, None]),
    ("(errors + calls) ^ 2", [9.0, 4.0, None]),
    ("SUM(METRICS())", [3.0, 2.0, 4.0]),
    ("MAX([FILL(errors, 0), calls])", [2.0, 2.0, 4.0]),
    ("IF(calls >= 2 AND calls < 3, 1, 0)", [1.0, 0.0, 0.0]),
    ("FILL(errors, REPEAT)", [1.0, 2.0, 2.0])])
def test_metric_math(expression, expected):
    assert compute(expression, {"errors": [1.0, 2.0, None], "calls": [2.0, 0.0, 4.0]}, 3) == expected


@pytest.mark.parametrize("expression", ["nobody + 1", "1 +", "ANOMALY_DETECTION_BAND(errors, 2)", "errors errors"])
def test_an_expression_that_cannot_be_read_is_refused(expression):
    with pytest.raises(MathError):
        compute(expression, {"errors": [1.0]}, 1)
