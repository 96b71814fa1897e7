"""Patterns and rules between columns, from the same rule objects that lib/data/checks/row-checks.ts compiles."""

from __future__ import annotations

from functools import reduce
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

from evergreen_spark.cells import full_match

_COMPARISONS = {
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b, ">=": lambda a, b: a >= b, ">": lambda a, b: a > b,
}


def breach_of(check: dict[str, Any]) -> Column:
    """True where a row breaks the check; false where a missing value leaves it open."""
    if check["check"] == "pattern":
        broken = ~full_match(F.col(f"v{check['place']}"), check["pattern"])
    else:
        broken = ~_condition(check["must"])
        if check["when"] is not None:
            broken = _condition(check["when"]) & broken
    return F.coalesce(broken, F.lit(False))


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
