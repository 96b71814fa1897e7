"""How many values of each column look like personal data, and how many of these hold: texts stay where they are."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from evergreen_spark.draw import draw_sql
from evergreen_spark.personal import Detector

# Longer texts are looked at no further: patterns take time that grows with them.
_LOOKED_AT = 1000
# Whatever is found has a digit, an @, a colon or a capital; of digits alone nine, which no check digits are missing.
_WORTH_A_LOOK = r"[0-9@:\p{Lu}]"
_FEW_DIGITS = "[0-9]{0,8}"


def count_personal(checked: DataFrame, source: DataFrame, unread: list[dict[str, Any]], asked: dict[str, Any] | None,
                   rows: int) -> list[dict[str, Any]]:
    """Counts of each column that is looked at: read ones in `checked`, others in `source`; of all rows, or of drawn ones."""
    if asked is None or rows == 0:
        return []
    step = 1 if asked["sampleRows"] == 0 else max(1, -(-rows // asked["sampleRows"]))
    rules = json.dumps(asked["rules"])
    read = [{"key": f"v{one['place']}", "column": one["column"], "isRead": True, "isDeclared": one["isDeclared"]} for one in asked["looked"]]
    others = [{"key": one["key"], "column": one["name"], "isRead": False, "isDeclared": False} for one in unread]
    return _count(checked, read, step, rules) + _count(source, others, step, rules)


def _count(table: DataFrame, looked: list[dict[str, Any]], step: int, rules: str) -> list[dict[str, Any]]:
    if not looked:
        return []
    drawn = table if step == 1 else table.where(f"{draw_sql('line')} % {step} = 0")
    texts = F.array(*[F.struct(F.lit(place).alias("place"), F.substring(F.col(one["key"]).cast("string"), 1, _LOOKED_AT).alias("text"))
                      for place, one in enumerate(looked)])
    cells = drawn.select(F.explode(texts).alias("cell")).select("cell.*").where("text IS NOT NULL")
    filled = {row["place"]: row for row in cells.groupBy("place").agg(
        F.count("*").alias("filled"), F.max(F.col("text").rlike("[^0-9]")).alias("hasSigns")).collect()}
    kinds_of = F.udf(lambda text: _found(rules, text), T.ArrayType(T.StringType()))
    is_worth = F.col("text").rlike(_WORTH_A_LOOK) & ~F.col("text").rlike(f"^{_FEW_DIGITS}$")
    found = cells.where(is_worth).select("place", F.explode(kinds_of("text")).alias("kind")).groupBy("place", "kind").count().collect()
    counts: dict[int, dict[str, dict[str, int]]] = {place: {} for place in range(len(looked))}
    for row in found:
        kind, holds = row["kind"].split(" ")
        count = counts[row["place"]].setdefault(kind, {"looks": 0, "holds": 0})
        count["looks"] += row["count"]
        count["holds"] += row["count"] if holds == "holds" else 0
    return [{**{name: one[name] for name in ("column", "isRead", "isDeclared")},
             "filled": filled[place]["filled"] if place in filled else 0, "hasSigns": place in filled and filled[place]["hasSigns"],
             "kinds": [{"kind": kind, **count} for kind, count in sorted(counts[place].items())]}
            for place, one in enumerate(looked)]


def _found(rules: str, text: str) -> list[str]:
    return [f"{kind} {'holds' if holds else 'fails'}" for kind, holds in _detector(rules).kinds(text)]


@lru_cache(maxsize=1)
def _detector(rules: str) -> Detector:
    return Detector(json.loads(rules))
