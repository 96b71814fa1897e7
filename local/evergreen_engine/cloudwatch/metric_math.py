"""Metric math of alarms: arithmetic, comparisons and the everyday functions.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

import math
import operator
import re
from collections.abc import Callable
from typing import Any

Series = list[float | None]
Value = float | Series | list[Series]

_TOKEN = re.compile(r"""\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?P<name>[A-Za-z_]\w*)|(?P<text>"[^"]*"|'[^']*')|(?P<op>==|!=|<=|>=|&&|\|\||[-+*/^()<>,\[\]]))""")


class MathError(ValueError):
    """The expression cannot be read or computed."""


def _divide(left: float, right: float) -> float:
    # CloudWatch yields no data point where the divisor is zero.
    return left / right if right else math.nan


_BINARY: list[dict[str, Callable[[float, float], float]]] = [
    {"||": lambda a, b: float(bool(a) or bool(b)), "OR": lambda a, b: float(bool(a) or bool(b))},
    {"&&": lambda a, b: float(bool(a) and bool(b)), "AND": lambda a, b: float(bool(a) and bool(b))},
    {"==": lambda a, b: float(a == b), "!=": lambda a, b: float(a != b), "<": lambda a, b: float(a < b),
     "<=": lambda a, b: float(a <= b), ">": lambda a, b: float(a > b), ">=": lambda a, b: float(a >= b)},
    {"+": operator.add, "-": operator.sub},
    {"*": operator.mul, "/": _divide},
    {"^": operator.pow},
]
_ELEMENTWISE = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor, "LOG": math.log, "LOG10": math.log10}
_REDUCERS: dict[str, Callable[[list[float]], float]] = {"MIN": min, "MAX": max, "SUM": sum, "AVG": lambda v: sum(v) / len(v)}


def _broadcast(function: Callable[..., float], *values: Value) -> Value:
    """Apply to numbers and series alike; a missing point stays missing."""
    length = next((len(value) for value in values if isinstance(value, list)), None)
    if length is None:
        return float(function(*values))
    result: Series = []
    for index in range(length):
        row = [value[index] if isinstance(value, list) else value for value in values]
        try:
            computed = None if any(item is None for item in row) else float(function(*row))
        except (ValueError, OverflowError, ZeroDivisionError):
            computed = None
        result.append(None if computed is None or not math.isfinite(computed) else computed)
    return result


def _choose(condition: Value, yes: Value, no: Value) -> Value:
    length = next((len(value) for value in (condition, yes, no) if isinstance(value, list)), None)
    if length is None:
        return yes if condition else no
    result: Series = []
    for index in range(length):
        held = condition[index] if isinstance(condition, list) else condition
        taken = yes if held else no
        result.append(None if held is None else taken[index] if isinstance(taken, list) else taken)
    return result


def _fill(series: Value, how: Value | str) -> Value:
    if not isinstance(series, list):
        return series
    if not isinstance(how, str):
        return [(how[index] if isinstance(how, list) else how) if value is None else value for index, value in enumerate(series)]
    filled, last = [], None
    for value in series:
        last = value if value is not None else last
        filled.append(last)
    return filled


def _reduce(name: str, value: Value) -> Value:
    function = _REDUCERS[name]
    if isinstance(value, list) and value and isinstance(value[0], list):
        rows = [[item for item in row if item is not None] for row in zip(*value, strict=True)]
        return [function(row) if row else None for row in rows]
    if isinstance(value, list):
        present = [item for item in value if item is not None]
        return function(present) if present else math.nan
    return value


class _Reader:
    """Recursive descent over the tokens of one expression, computing as it reads."""

    def __init__(self, text: str, series: dict[str, Series]) -> None:
        self._series = series
        self._tokens: list[tuple[str, str]] = []
        position, text = 0, text.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if not match:
                raise MathError(f"unexpected {text[position:position + 10]!r} in expression")
            self._tokens.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
            position = match.end()
        self._at = 0

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _take(self, expected: str | None = None) -> tuple[str, str]:
        if self._at >= len(self._tokens) or (expected and self._peek() != expected):
            raise MathError(f"{expected or 'a value'} is expected in expression")
        self._at += 1
        return self._tokens[self._at - 1]

    def whole(self) -> Value:
        value = self._level(0)
        if self._at != len(self._tokens):
            raise MathError(f"unexpected {self._peek()!r} in expression")
        return value

    def _level(self, level: int) -> Value:
        if level == len(_BINARY):
            return self._unary()
        value = self._level(level + 1)
        while (symbol := self._peek().upper()) in _BINARY[level]:
            self._take()
            value = _broadcast(_BINARY[level][symbol], value, self._level(level + 1))
        return value

    def _unary(self) -> Value:
        if self._peek() == "-":
            self._take()
            return _broadcast(operator.neg, self._unary())
        return self._atom()

    def _atom(self) -> Value:
        kind, text = self._take()
        if kind == "number":
            return float(text)
        if text == "(":
            value = self._level(0)
            self._take(")")
            return value
        if text == "[":
            return self._list("]")
        if kind == "name" and self._peek() == "(":
            self._take("(")
            return self._call(text.upper())
        if kind == "name" and text in self._series:
            return self._series[text]
        raise MathError(f"{text!r} is no metric of this alarm")

    def _list(self, closing: str) -> list[Any]:
        values: list[Any] = []
        while self._peek() != closing:
            values.append(self._argument())
            if self._peek() == ",":
                self._take(",")
        self._take(closing)
        return values

    def _argument(self) -> Any:
        if self._peek().upper() in ("REPEAT", "LINEAR") or self._tokens[self._at][0] == "text":
            return self._take()[1].strip("\"'")
        return self._level(0)

    def _call(self, name: str) -> Value:
        arguments = self._list(")")
        if name == "METRICS":
            prefix = arguments[0] if arguments else ""
            return [values for key, values in self._series.items() if prefix in key]
        if name == "IF" and len(arguments) == 3:
            return _choose(*arguments)
        if name == "FILL" and len(arguments) == 2:
            return _fill(*arguments)
        if name in _ELEMENTWISE and len(arguments) == 1:
            return _broadcast(_ELEMENTWISE[name], arguments[0])
        if name in _REDUCERS and arguments:
            return _reduce(name, arguments[0] if len(arguments) == 1 else arguments)
        raise MathError(f"function {name} with {len(arguments)} arguments is not known to the local engine")


def compute(expression: str, series: dict[str, Series], length: int) -> Series:
    """Value of `expression` in each period.

    Parameters
    ----------
    series : dict
        Metric id → values, oldest first, None where missing; all of `length`.

    Raises
    ------
    MathError
        If the expression cannot be read, or needs a function that is not there.
    """
    value = _Reader(expression, series).whole()
    if not isinstance(value, list):
        return [None if math.isnan(value) else value] * length
    if value and isinstance(value[0], list):
        raise MathError("expression yields several time series; an alarm needs one")
    return value
