"""Typed value and first broken rule of one cell, as lib/data/cell-sql.ts has them in DuckDB's SQL."""

from __future__ import annotations

import re
from typing import Any, Callable, NamedTuple

from pyspark.sql import Column
from pyspark.sql import functions as F

from evergreen_spark.spelling import spelled

GREATEST_INTEGER = 2**53 - 1
# The greatest FP32 number.
GREATEST_NUMBER = (2 - 2**-23) * 2.0**127

NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_HOUR, _SIXTIETH = "([01][0-9]|2[0-3])", "[0-5][0-9]"
TIMESTAMP = (rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}([T ]{_HOUR}:{_SIXTIETH}(:{_SIXTIETH}(\.[0-9]+)?)?"
             rf"(Z|[+-]{_HOUR}(:?{_SIXTIETH})?)?)?")
_OFFSET = "[T ][0-9:.]+(Z|([+-])([0-9]{2}):?([0-9]{2})?)$"

SPARK_TYPES = {"number": "double", "integer": "bigint", "boolean": "boolean", "category": "string", "text": "string",
               "timestamp": "double"}

_WHOLE = re.compile(r"^(tinyint|smallint|int|bigint|decimal\(\d+,0\))$")
_FRACTION = re.compile(r"^(float|double|decimal\(\d+,\d+\))$")


class Cell(NamedTuple):
    value: Column
    # Of where the value stands by now: what reads a text takes most of the time, and is not done twice.
    rule: Callable[[Column], Column]
    # True where cleaning wrote the value otherwise than it stood; None where it never does.
    changed: Column | None = None


def full_match(text: Column, pattern: str) -> Column:
    """True where a text is the pattern as a whole. In UNIX mode a dot means what it means in RE2."""
    return text.rlike(f"(?d)^(?:{pattern})\\z")


def text_cell(column: dict[str, Any], plan: dict[str, Any]) -> Cell:
    """A cell that was read as text; empty ones are null. Of JSON the column `mistyped` names cells of another type."""
    key = column["key"]
    kind = column["type"]
    text = F.col(key)
    bare = F.expr(f"nullif(trim(BOTH ' \\t' FROM {key}), '')")
    mistyped = (F.coalesce(F.expr(f"contains(concat(' ', mistyped, ' '), ' {key} ')"), F.lit(False))
                if plan["format"] == "jsonl" else None)
    if kind in ("number", "integer") and column.get("units"):
        return _cell_with_unit(column, bare, mistyped)
    if kind == "number":
        return _cell(column, bare.isNull(), F.when(full_match(bare, NUMBER), bare.cast("double") + F.lit(0.0)), mistyped)
    if kind == "integer":
        whole = F.when(full_match(bare, r"[+-]?[0-9]+(\.0*)?"), F.substring_index(bare, ".", 1).cast("bigint"))
        return _cell(column, bare.isNull(), whole, mistyped)
    if kind == "boolean":
        lower = F.lower(bare)
        value = F.when(lower.isin("true", "1"), F.lit(True)).when(lower.isin("false", "0"), F.lit(False))
        return _cell(column, bare.isNull(), value, mistyped)
    if kind == "timestamp":
        return _cell(column, bare.isNull(), F.when(full_match(bare, TIMESTAMP), _written_seconds(bare)), mistyped)
    if column.get("normalise") or column.get("keep") is not None:
        value = spelled(text, column, plan)
        return _cell(column, value.isNull(), value, mistyped)._replace(changed=~text.eqNullSafe(value))
    return _cell(column, text.isNull(), text, mistyped)


def _cell_with_unit(column: dict[str, Any], bare: Column, mistyped: Column | None) -> Cell:
    """A number that may carry one of some units; the value is in the column's own."""
    written = rf"(?d)^({NUMBER})[ \t]*(.*)\z"
    is_written, unit = bare.rlike(written), F.regexp_extract(bare, written, 4)
    factor = F.when(unit == "", F.lit(1.0))
    for name, times in column["units"].items():
        factor = factor.when(unit == name, F.lit(float(times)))
    number = F.when(is_written, F.regexp_extract(bare, written, 1).cast("double") * factor + F.lit(0.0))
    value = F.when(number == F.rint(number), _whole(number)) if column["type"] == "integer" else number
    changed = F.coalesce(is_written & (unit != ""), F.lit(False))
    return _cell(column, bare.isNull(), value, mistyped)._replace(changed=changed)


def typed_cell(column: dict[str, Any], source_type: str, plan: dict[str, Any]) -> Cell | None:
    """A cell of a typed column, or None when the column's type cannot hold what is wanted."""
    kind = column["type"]
    here = F.col(column["key"])
    is_whole, is_fraction = bool(_WHOLE.match(source_type)), bool(_FRACTION.match(source_type))
    if column["role"] == "identity":
        if not (is_whole or source_type in ("string", "boolean")):
            return None
        value = F.expr(f"nullif(CAST({column['key']} AS STRING), '')")
        return _cell(column, here.isNull(), value)
    if kind in ("number", "integer"):
        if column.get("units") and source_type == "string":
            return text_cell(column, plan)
        if not (is_whole or is_fraction):
            return None
        missing = here.isNull() | F.isnan(here) if source_type in ("float", "double") else here.isNull()
        if kind == "number":
            return _cell(column, missing, F.when(~missing, here.cast("double") + F.lit(0.0)))
        if is_whole:
            return _cell(column, missing, _whole(here))
        return _cell(column, missing, F.when(~missing & (here == F.expr(f"cast({column['key']} as decimal(38,0))")
                                                         if source_type.startswith("decimal")
                                                         else here == F.rint(here)), _whole(here)))
    if kind == "timestamp":
        if source_type in ("timestamp", "timestamp_ntz", "date"):
            return _cell(column, here.isNull(), _seconds(here.cast("timestamp")))
        return text_cell(column, plan) if source_type == "string" else None
    if source_type != ("boolean" if kind == "boolean" else "string"):
        return None
    if column.get("normalise") or column.get("keep") is not None:
        return text_cell(column, plan)
    value = here if kind == "boolean" else F.expr(f"nullif({column['key']}, '')")
    return _cell(column, value.isNull(), value)


def _whole(number: Column) -> Column:
    """A whole number as BIGINT, null where it does not fit; a cast alone would wrap it or stop at the limit."""
    double = number.cast("double")
    return F.when((double > -(2.0**63)) & (double < 2.0**63), number.cast("bigint"))


def _seconds(stamp: Column) -> Column:
    return F.unix_micros(stamp) / F.lit(1e6)


def _written_seconds(text: Column) -> Column:
    """Seconds since 1970 of a time as text, by its offset."""
    local = _seconds(F.regexp_extract(text, "^[-0-9]+([T ][0-9:.]+)?", 0).cast("timestamp"))
    sign, minutes = F.regexp_extract(text, _OFFSET, 2), F.regexp_extract(text, _OFFSET, 4)
    ahead = F.regexp_extract(text, _OFFSET, 3).cast("double") * 3600 + F.coalesce(minutes.cast("double"), F.lit(0.0)) * 60
    return local - F.when(sign == "+", ahead).when(sign == "-", -ahead).otherwise(F.lit(0.0))


def _cell(column: dict[str, Any], missing: Column, value: Column, mistyped: Column | None = None) -> Cell:
    """A cell by its value, and by what tells that there is nothing in one that has no value."""

    def rule(read: Column) -> Column:
        first = F if mistyped is None else F.when(mistyped, F.lit("mistyped"))
        if_missing = F.lit(None if column["mayBeMissing"] else "missing")
        found = first.when(read.isNull(), F.when(missing, if_missing).otherwise(F.lit("type")))
        for breach, name in _breaches(column, read):
            found = found.when(breach, F.lit(name))
        return found

    return Cell(value if mistyped is None else F.when(~mistyped, value), rule)


def _breaches(column: dict[str, Any], value: Column) -> list[tuple[Column, str]]:
    found = []
    if column["type"] == "number":
        found.append((~(F.abs(value) <= F.lit(GREATEST_NUMBER)) | F.isnan(value), "type"))
    if column["type"] == "integer":
        found.append((~value.between(-GREATEST_INTEGER, GREATEST_INTEGER), "type"))
    if column.get("min") is not None:
        found.append((value < F.lit(float(column["min"])), "range"))
    if column.get("max") is not None:
        found.append((value > F.lit(float(column["max"])), "range"))
    # Any value falls into one of the buckets.
    if column["categories"] and not column.get("disguise"):
        found.append((~value.isin(*column["categories"]), "category"))
    if column.get("maxLength") is not None:
        found.append((F.length(value) > column["maxLength"], "length"))
    return found
