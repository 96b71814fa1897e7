"""Holds every cell and row against its rules: the table `checked`, and what is counted in it."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from evergreen_spark.cells import GREATEST_NUMBER, SPARK_TYPES, Cell
from evergreen_spark.number_text import double_text, float_text
from evergreen_spark.row_checks import breach_of
from evergreen_spark.spelling import stored
from evergreen_spark.tables import Scratch

_SHOWN_CHARACTERS = 200
_MAP_PARTS = 40


def check_rows(scratch: Scratch, source: DataFrame, cells: list[Cell], plan: dict[str, Any], key: bytes | None
               ) -> tuple[DataFrame, dict[str, Any]]:
    """Each row with its typed values v, broken rules r, broken row checks x, changed cells z, and s as it stood where it is bad."""
    columns, checks = plan["columns"], plan["rowChecks"]
    places = range(len(columns))
    changing = [place for place in places if cells[place].changed is not None]
    read = source.select("*", *[cell.value.alias(f"v{place}") for place, cell in enumerate(cells)],
                         *[cells[place].changed.alias(f"z{place}") for place in changing])
    held = read.select("line", "idx", *[F.col(column["key"]).alias(f"s{place}") for place, column in enumerate(columns)],
                       *[f"v{place}" for place in places], *[f"z{place}" for place in changing],
                       *[cell.rule(F.col(f"v{place}")).alias(f"r{place}") for place, cell in enumerate(cells)])
    held = held.select("*", *[breach_of(check).alias(f"x{place}") for place, check in enumerate(checks)])
    bad = F.coalesce(*[F.col(f"r{place}") for place in places]).isNotNull()
    for place, check in enumerate(checks):
        if check["action"] == "quarantine":
            bad = bad | F.col(f"x{place}")
    shown = [F.when(F.col("bad"), F.substring(f"s{place}", 1, _SHOWN_CHARACTERS) if kind == "string" else F.col(f"s{place}"))
             .alias(f"s{place}") for place, kind in enumerate(dict(held.dtypes)[f"s{place}"] for place in places)]
    checked = scratch.keep(held.withColumn("bad", bad).select(
        "line", "idx", "bad", *[f"x{place}" for place in range(len(checks))],
        *[stored(F.col(f"v{place}"), columns[place], key).cast(SPARK_TYPES[columns[place]["type"]]).alias(f"v{place}") for place in places],
        *[f"z{place}" for place in changing], *[f"r{place}" for place in places], *shown))
    return checked, _count(checked, changing, plan)


def _many(condition: Any) -> Any:
    return F.coalesce(F.sum(F.when(condition, 1)), F.lit(0))


def _is_missing(place: int) -> Any:
    rule = F.col(f"r{place}")
    return F.coalesce(rule == "missing", F.lit(False)) | (rule.isNull() & F.col(f"v{place}").isNull())


def _count(checked: DataFrame, changing: list[int], plan: dict[str, Any]) -> dict[str, Any]:
    columns, checks = plan["columns"], plan["rowChecks"]
    places = range(len(columns))
    disguised = [place for place in places if columns[place].get("disguise")]
    numeric = [place for place in places if columns[place]["role"] != "identity" and columns[place]["type"] in ("number", "integer")]
    finite = {place: F.when(F.abs(F.col(f"v{place}").cast("double")) <= GREATEST_NUMBER, F.col(f"v{place}")) for place in numeric}
    totals = checked.agg(
        F.count("*").alias("read"), _many(F.col("bad")).alias("bad"),
        *[_many(_is_missing(place)).alias(f"m{place}") for place in places],
        *[_many(F.col(f"x{place}")).alias(f"x{place}") for place in range(len(checks))],
        *[F.min(F.when(F.col(f"x{place}"), F.col("line"))).alias(f"l{place}") for place in range(len(checks))],
        *[make(finite[place]).alias(f"{letter}{place}") for place in numeric
          for letter, make in (("a", F.min), ("b", F.max), ("e", F.avg))],
        *[_many(F.col(f"z{place}") & ~F.col("bad")).alias(f"z{place}") for place in changing],
        *[_many(F.col(f"v{place}").isNotNull() & ~F.col("bad")).alias(f"d{place}") for place in disguised],
    ).first().asDict()
    rules = checked.where("bad").select(F.posexplode(F.array(*[f"r{place}" for place in places])).alias("place", "rule"))
    problems = rules.where("rule IS NOT NULL").groupBy("place", "rule").count().orderBy("place", "rule").collect()
    return {
        "read": totals["read"], "bad": totals["bad"],
        "missing": [totals[f"m{place}"] for place in places],
        "problems": [{"place": row["place"], "rule": row["rule"], "count": row["count"]} for row in problems],
        "normalised": [{"place": place, "count": totals[f"z{place}"]} for place in changing],
        "disguised": [{"place": place, "count": totals[f"d{place}"]} for place in disguised],
        "rowChecks": [{"count": totals[f"x{place}"], "firstLine": totals[f"l{place}"]} for place in range(len(checks))],
        "before": [{"min": totals.get(f"a{place}"), "max": totals.get(f"b{place}"), "mean": totals.get(f"e{place}")} for place in places],
        "badRows": _bad_rows(checked, plan) if totals["bad"] else [],
        "missingParts": _missing_parts(checked, [totals[f"m{place}"] for place in places], totals["read"]),
    }


def _bad_rows(checked: DataFrame, plan: dict[str, Any]) -> list[dict[str, Any]]:
    places, checks = range(len(plan["columns"])), range(len(plan["rowChecks"]))
    kinds = dict(checked.dtypes)
    rows = checked.where("bad").orderBy("line").limit(plan["keptBroken"]).collect()
    return [{"line": row["line"], "rules": [row[f"r{place}"] for place in places],
             "shown": [_shown(row[f"s{place}"], kinds[f"s{place}"]) for place in places],
             "flags": [row[f"x{place}"] for place in checks]} for row in rows]


def _shown(value: Any, kind: str) -> str | None:
    """A cell as DuckDB writes it as text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        text = float_text(value) if kind == "float" else double_text(value)
        return text[:_SHOWN_CHARACTERS]
    if kind == "timestamp":
        return f"{value.isoformat(sep=' ')}+00"
    return (value.isoformat(sep=" ") if kind == "timestamp_ntz" else str(value))[:_SHOWN_CHARACTERS]


def _missing_parts(checked: DataFrame, missing: list[int], rows: int) -> list[dict[str, Any]]:
    """Of each of at most 40 stretches of the file: its rows, and by column how many cells are missing."""
    if not any(missing):
        return []
    parts = min(_MAP_PARTS, rows)
    part = F.expr(f"(idx * {parts}) div {rows}").alias("part")
    counted = checked.groupBy(part).agg(F.count("*").alias("rows"),
                                        *[_many(_is_missing(place)).alias(f"m{place}") for place in range(len(missing))])
    return [{"rows": row["rows"], "missing": [row[f"m{place}"] for place in range(len(missing))]}
            for row in counted.orderBy("part").collect()]
