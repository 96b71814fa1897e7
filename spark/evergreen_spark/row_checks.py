"""Patterns and rules between columns, from the same rule objects that lib/data/checks/row-checks.ts compiles."""

from __future__ import annotations

import json
from functools import reduce
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F
from pyspark.sql import types as T

from evergreen_spark.pattern import machine_of

_COMPARISONS = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b, ">=": lambda a, b: a >= b, ">": lambda a, b: a > b,
}


def breach_of(check: dict[str, Any]) -> Column:
    """True where a row breaks the check; false where a missing value leaves it open."""
    if check["check"] == "pattern":
        broken = ~_is_of(F.col(f"v{check['place']}"), check["program"])
    else:
        broken = ~_condition(check["must"])
        if check["when"] is not None:
            broken = _condition(check["when"]) & broken
    return F.coalesce(broken, F.lit(False))


def _is_of(text: Column, program: dict[str, Any]) -> Column:
    written = json.dumps(program)
    return F.udf(lambda value: None if value is None else machine_of(written).accepts(value), T.BooleanType())(text)


def _condition(asked: dict[str, Any]) -> Column:
    parts = [_comparison(comparison) for comparison in asked["comparisons"]]
    return reduce((lambda a, b: a | b) if asked["isAny"] else (lambda a, b: a & b), parts)


def _comparison(asked: dict[str, Any]) -> Column:
    here, how = F.col(f"v{asked['place']}"), asked["is"]
    if how == "missing":
        return here.isNull()
    if how == "present":
        return here.isNotNull()
    if how in ("in", "not in"):
        among = here.isin(*[_constant(value) for value in asked["values"]])
        return among if how == "in" else ~among
    other = F.col(f"v{asked['otherPlace']}") if "otherPlace" in asked else F.lit(_constant(asked["value"]))
    return _COMPARISONS[how](here, other)


def _constant(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
