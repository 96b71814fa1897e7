"""Measures the rows of the dataset: moments, deciles, counts in bins, fills, groups and samples."""

from __future__ import annotations

import math
from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from evergreen_spark.bins import bin_sql, edges_of, fine_edges, number_sql
from evergreen_spark.clean import any_of, around, interpolated, values_of
from evergreen_spark.draw import draw_sql
from evergreen_spark.tables import Scratch, long_expressions

_GRAIN = 100
_MOST_LABELS = 2000
_MOST_LABEL_COLUMNS = 128
_MOST_GOLDEN = 32
_BANDS = 16
# Edges of more columns than these make a plan that takes a gigabyte to read.
_COUNTED_AT_ONCE = 100


def _kind(column: dict[str, Any]) -> str:
    if column["type"] in ("number", "integer"):
        return "numeric"
    return "text" if column["type"] == "text" else "categorical"


def number_of(plan: dict[str, Any], place: int) -> str:
    return f"length(v{place})" if plan["columns"][place]["type"] == "text" else f"v{place}"


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def measure(scratch: Scratch, placed: DataFrame, plan: dict[str, Any]) -> dict[str, Any]:
    """Summaries of the columns that are put into bins, and the counts of all by class, side and half."""
    binned = [place for place in plan["described"] if _kind(plan["columns"][place]) != "categorical"]
    summaries = _summarise(scratch, placed.where("side = 'train'"), binned, plan)
    parted = placed.withColumn("part", _part(summaries, plan)).withColumn("train", F.col("side") == "train")
    parted = parted.withColumn("half", F.expr(f"{draw_sql('position')} % 2 = 0"))
    categorical = [place for place in plan["described"] if place not in binned]
    return {"summaries": [{"place": place, **summary} for place, summary in summaries.items()],
            "parts": _count_binned(parted, binned, summaries, plan),
            "categories": _count_categories(parted, categorical)}


def _summarise(scratch: Scratch, train: DataFrame, binned: list[int], plan: dict[str, Any]) -> dict[int, dict[str, Any]]:
    if not binned:
        return {}
    target, has_numbers = plan["target"], plan["partedBy"] == "number"
    asked = []
    for place in binned:
        number = F.expr(number_of(plan, place))
        asked += [F.count(number).alias(f"n{place}"), F.avg(number).alias(f"e{place}"), F.stddev_samp(number).alias(f"d{place}"),
                  F.min(number).alias(f"a{place}"), F.max(number).alias(f"b{place}")]
        if has_numbers and place != target:
            answer = F.col(f"v{target}")
            asked += [F.corr(number.cast("double"), answer.cast("double")).alias(f"c{place}"),
                      F.count(F.when(number.isNotNull() & answer.isNotNull(), 1)).alias(f"p{place}")]
    found = train.agg(F.count("*").alias("rows"), *asked).first().asDict()
    deciles = scratch.order_statistics(train, {place: F.expr(number_of(plan, place)) for place in binned},
                                       lambda _, count: [(count * tenth + 9) // 10 - 1 for tenth in range(1, 10)])
    return {place: {
        "count": found[f"n{place}"], "missing": found["rows"] - found[f"n{place}"], "mean": _finite(found[f"e{place}"]),
        "deviation": _finite(found[f"d{place}"]), "min": found[f"a{place}"], "max": found[f"b{place}"],
        "deciles": [deciles[place][1][(deciles[place][0] * tenth + 9) // 10 - 1] for tenth in range(1, 10)] if deciles[place][0] else None,
        "correlation": _finite(found.get(f"c{place}")), "pairs": found.get(f"p{place}", 0),
    } for place in binned}


def _part(summaries: dict[int, dict[str, Any]], plan: dict[str, Any]) -> Column:
    """The class of a row, or the tenth of a numeric target."""
    if plan["partedBy"] is None:
        return F.lit("")
    if plan["partedBy"] == "category":
        return F.col(f"v{plan['target']}")
    edges = edges_of(summaries[plan["target"]]["deciles"] or [])
    return F.expr(f"cast({bin_sql(number_of(plan, plan['target']), edges)} as string)") if edges else F.lit("")


def _edges(summary: dict[str, Any], column: dict[str, Any]) -> list[float]:
    edges = edges_of(summary["deciles"] or [])
    if _kind(column) == "numeric" and summary["min"] is not None and summary["max"] is not None:
        return fine_edges(edges, summary["min"], summary["max"])
    return edges


def _count_binned(parted: DataFrame, binned: list[int], summaries: dict[int, dict[str, Any]],
                  plan: dict[str, Any]) -> list[dict[str, Any]]:
    if not binned:
        return []
    by = ["part", "train", "half"]
    sizes, pairs = {}, []
    for place in binned:
        fine, number = _edges(summaries[place], plan["columns"][place]), number_of(plan, place)
        others = plan["otherEdges"].get(str(place))
        sizes[place] = {"fine": len(fine) + 1, "others": 0 if others is None else len(others) + 1}
        pairs.append(f"named_struct('place', {place}, 'kind', 'fine', 'bin', {bin_sql(number, fine)})")
        if others is not None:
            pairs.append(f"named_struct('place', {place}, 'kind', 'others', 'bin', IF(train, {bin_sql(number, others)}, NULL))")
    # Classes that are equally frequent in a bin are told apart by their order, which is that of their names.
    parts = {tuple(row[name] for name in by): row["count"] for row in parted.groupBy(*by).count().orderBy(*_last_missing(by)).collect()}
    with long_expressions(parted.sparkSession):
        counted = [row for some in range(0, len(pairs), _COUNTED_AT_ONCE)
                   for row in _count_pairs(parted, by, pairs[some:some + _COUNTED_AT_ONCE]).collect()]
    found = {key: {place: {kind: [0] * size for kind, size in kinds.items()} for place, kinds in sizes.items()} for key in parts}
    for row in counted:
        found[tuple(row[name] for name in by)][row["place"]][row["kind"]][row["bin"]] = row["count"]
    return [{"part": key[0], "train": key[1], "half": key[2], "rows": rows,
             "columns": [{"place": place, "filled": sum(counts["fine"]), **counts} for place, counts in found[key].items()]}
            for key, rows in parts.items()]


def _count_pairs(parted: DataFrame, by: list[str], pairs: list[str]) -> DataFrame:
    exploded = parted.select(*by, F.explode(F.expr(f"array({', '.join(pairs)})")).alias("pair")).select(*by, "pair.*")
    return exploded.where("bin IS NOT NULL").groupBy(*by, "place", "kind", "bin").count()


def _count_categories(parted: DataFrame, categorical: list[int]) -> list[dict[str, Any]]:
    if not categorical:
        return []
    pairs = F.array(*[F.struct(F.lit(place).alias("place"), F.col(f"v{place}").cast("string").alias("value")) for place in categorical])
    by = ["part", "train", "half"]
    counted = parted.select(*by, F.explode(pairs).alias("pair")).select(*by, "pair.*").groupBy("place", "value", *by).count()
    return [row.asDict() for row in counted.orderBy(*_last_missing(["place", "value", *by])).collect()]


def _last_missing(names: list[str]) -> list[Column]:
    return [F.asc_nulls_last(name) for name in names]


def count_classes(placed: DataFrame, plan: dict[str, Any]) -> list[dict[str, Any]]:
    if plan["columns"][plan["target"]]["type"] != "category":
        return []
    counted = placed.groupBy(F.col(f"v{plan['target']}").alias("name")).agg(
        F.count("*").alias("count"), F.count(F.when(F.col("side") == "train", 1)).alias("train"))
    return [row.asDict() for row in counted.orderBy("name").collect()]


def learn_fills(scratch: Scratch, placed: DataFrame, limits: list[dict[str, Any]], plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Of each feature that is filled: how many values are missing, and the number that was learned, if one was."""
    if not plan["fills"]:
        return []
    train = placed.where("side = 'train'")
    clips = {limit["place"]: limit for limit in limits if limit["action"] == "clip"}

    def moved(place: int) -> Column:
        value, clip = F.col(f"v{place}"), clips.get(place)
        if clip is None:
            return value
        return F.when(value.isNotNull(), F.least(F.greatest(value, F.lit(clip["low"])), F.lit(clip["high"])))

    asked = {one["place"]: one["strategy"] for one in plan["fills"]}
    medians = scratch.order_statistics(train, {place: moved(place) for place, how in asked.items() if how == "median"},
                                       lambda _, count: around(count, 0.5))
    learned = {place: interpolated(count, 0.5, at) for place, (count, at) in medians.items()}
    means = [place for place, how in asked.items() if how == "mean"]
    if means:
        found = train.agg(F.count("*"), *[F.avg(moved(place)).alias(f"p{place}") for place in means]).first()
        learned.update({place: found[f"p{place}"] for place in means})
    for place, how in asked.items():
        if how == "mode":
            most = (train.select(moved(place).alias("value")).where("value IS NOT NULL").groupBy("value").count()
                    .orderBy(F.desc("count"), F.asc("value")).first())
            learned[place] = None if most is None else most["value"]
    missing = placed.agg(F.count("*").alias("rows"), *[F.count(f"v{place}").alias(f"m{place}") for place in asked]).first()
    return [{"place": place, "learned": learned.get(place), "missing": missing["rows"] - missing[f"m{place}"]} for place in asked]


def count_repeated(placed: DataFrame, sets: list[list[int] | None]) -> list[int]:
    """Rows that repeat the values of an earlier one in columns that no two rows may share, set by set."""
    counts = []
    for places in sets:
        if places is None:
            counts.append(0)
            continue
        filled = placed.where(" AND ".join(f"v{place} IS NOT NULL" for place in places))
        groups = filled.groupBy(*values_of(places)).count().where("count > 1")
        counts.append(groups.agg(F.coalesce(F.sum(F.col("count") - 1), F.lit(0)).alias("n")).first()["n"])
    return counts


def greatest_near_group(placed: DataFrame, summaries: dict[int, dict[str, Any]], plan: dict[str, Any]) -> int | None:
    """The greatest group of rows that are nearly the same; None when no number tells rows apart."""
    keys, is_spread = [], False
    for place in plan["described"]:
        kind = _kind(plan["columns"][place])
        if kind == "text":
            keys.append(F.expr(f"regexp_replace(lower(v{place}), '[^\\\\p{{L}}\\\\p{{N}}]+', ' ')").alias(f"k{place}"))
            continue
        edges = edges_of(summaries[place]["deciles"] or []) if kind == "numeric" else []
        step = (edges[-1] - edges[0]) / _GRAIN if edges else 0
        if len(edges) < 9 or not step > 0:
            keys.append(F.col(f"v{place}").alias(f"k{place}"))
            continue
        is_spread = True
        keys.append(F.expr(f"round(v{place} / {number_sql(step)})").alias(f"k{place}"))
    if not is_spread:
        return None
    return placed.groupBy(*keys).count().agg(F.max("count").alias("n")).first()["n"] or 0


def sample_labels(placed: DataFrame, summaries: dict[int, dict[str, Any]], plan: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Train rows drawn by their places: numbers in deviations from their mean, categories as texts."""
    columns = plan["columns"]
    features = [place for place, column in enumerate(columns) if column["role"] == "feature" and column["type"] != "text"][:_MOST_LABEL_COLUMNS]
    if not features:
        return None
    numbers = [place for place in features if _kind(columns[place]) == "numeric" and (summaries[place]["deviation"] or 0) > 0]
    others = [place for place in features if _kind(columns[place]) == "categorical"]
    rows = (placed.where("side = 'train'").orderBy(F.expr(draw_sql("place")), "place").limit(_MOST_LABELS)
            .select(f"v{plan['target']}", *values_of(numbers), *[F.col(f"v{place}").cast("string").alias(f"t{place}") for place in others]).collect())
    off = lambda place, value: None if value is None else (value - (summaries[place]["mean"] or 0)) / summaries[place]["deviation"]
    return [{"label": row[f"v{plan['target']}"], "numbers": [off(place, row[f"v{place}"]) for place in numbers],
             "texts": [row[f"t{place}"] for place in others]} for row in rows]


def golden_candidates(scratch: Scratch, placed: DataFrame, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Held-out rows, enough of each class or band of the target, complete and not, for any choice that follows."""
    test, target = placed.where("side = 'test'"), plan["target"]
    features = [place for place, column in enumerate(plan["columns"]) if column["role"] == "feature"]
    if plan["columns"][target]["type"] == "category":
        grouped = test.withColumn("grp", F.col(f"v{target}"))
    else:
        rows = test.count()
        numbered = scratch.number(test, "rank", F.col(f"v{target}"), F.col("place"))
        size, larger = divmod(rows, _BANDS)
        in_larger = F.expr(f"rank div {size + 1} + 1")
        in_smaller = F.expr(f"(rank - {larger * (size + 1)}) div {max(size, 1)} + {larger + 1}")
        grouped = numbered.withColumn("grp", F.when(F.col("rank") < larger * (size + 1), in_larger).otherwise(in_smaller).cast("string"))
    incomplete = any_of([F.col(f"v{place}").isNull() for place in features])
    ranked = grouped.withColumn("incomplete", incomplete).withColumn(
        "_row", F.row_number().over(Window.partitionBy("grp", "incomplete").orderBy("place")))
    rows = ranked.where(F.col("_row") <= _MOST_GOLDEN).orderBy("place").select("grp", *values_of(features)).collect()
    return [{"group": row["grp"], "values": [row[f"v{place}"] for place in features]} for row in rows]
