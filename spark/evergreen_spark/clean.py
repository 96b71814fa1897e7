"""Copies, contradictions, sides, small groups and outliers: from `checked` to the rows of the dataset, `placed`."""

from __future__ import annotations

from typing import Any

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

from evergreen_spark.number_text import double_text, java_text
from evergreen_spark.seeded_split import seeded_sides
from evergreen_spark.tables import Scratch

_MOST_SOURCES = 1000


def values_of(places: list[int]) -> list[str]:
    return [f"v{place}" for place in places]


def find_copies(scratch: Scratch, checked: DataFrame, plan: dict[str, Any]) -> tuple[DataFrame, dict[str, Any]]:
    """Sound rows, each with its number among its copies and among the rows of its identity."""
    by_line = F.col("line").asc()
    compared = values_of(sorted(set(plan["described"]) | set(plan["identifying"])))
    good = (checked.where("NOT bad").select("line", *values_of(list(range(len(plan["columns"])))))
            .withColumn("copy", F.row_number().over(Window.partitionBy(*compared).orderBy(by_line))))
    keyed = F.lit(1)
    if plan["keyDuplicates"] != "keep" and plan["identifying"]:
        order = F.col("line").desc() if plan["keyDuplicates"] == "last" else by_line
        keyed = F.row_number().over(Window.partitionBy(*values_of(plan["identifying"]), F.col("copy") > 1).orderBy(order))
    good = scratch.keep(good.withColumn("keyed", keyed))
    counted = good.agg(F.coalesce(F.sum(F.when(F.col("copy") > 1, 1)), F.lit(0)).alias("exact"),
                       F.coalesce(F.sum(F.when((F.col("copy") == 1) & (F.col("keyed") > 1), 1)), F.lit(0)).alias("keyed")).first()
    return good, {"exact": counted["exact"], "ofKey": counted["keyed"]}


def find_contradictions(good: DataFrame, plan: dict[str, Any]) -> dict[str, Any]:
    """Rows whose identity or features others have too, with something else beside it; None where nothing was asked."""
    def rows_where(by: list[int], told: Column) -> int:
        groups = good.groupBy(*values_of(by)).agg(F.count("*").alias("n"), F.min(told).alias("a"), F.max(told).alias("b"))
        return groups.where(~F.col("a").eqNullSafe(F.col("b"))).agg(F.coalesce(F.sum("n"), F.lit(0)).alias("n")).first()["n"]

    labels = plan["labelGroups"]
    return {"sharedIdentity": rows_where(plan["identifying"], F.struct(*values_of(plan["described"]))) if plan["asksIdentity"] else None,
            "conflictingLabels": rows_where(labels, F.col(f"v{plan['target']}")) if labels else None}


def place_rows(scratch: Scratch, good: DataFrame, plan: dict[str, Any]) -> DataFrame:
    """The rows of the dataset with their position in the file, their side, and their place in it."""
    kept = good
    if plan["dropsCopies"]:
        kept = kept.where("copy = 1")
    if plan["keyDuplicates"] != "keep":
        kept = kept.where("keyed = 1")
    kept = kept.drop("copy", "keyed")
    if plan["split"]["method"] == "seeded":
        return seeded_sides(scratch, scratch.number(kept, "position", F.col("line")), plan["split"])
    placed = scratch.number(kept, "position", F.col("line"), also=lambda rows: _with_key(rows, plan)).withColumn("place", F.col("position"))
    placed = placed.withColumn("side", F.when(F.col("key") < plan["split"]["heldOutBelow"], "test").otherwise("train"))
    for side, order in (("test", [F.asc("key"), F.asc("place")]), ("train", [F.desc("key"), F.asc("place")])):
        sides = count_sides(placed)
        if sides["train"] + sides["test"] > 1 and sides[side] == 0:
            nearest = placed.orderBy(*order).first()["place"]
            placed = placed.withColumn("side", F.when(F.col("place") == nearest, side).otherwise(F.col("side")))
    return placed


def _text_of(place: int, plan: dict[str, Any]) -> Column:
    """A value as DuckDB writes it as text."""
    value = F.col(f"v{place}")
    return F.udf(double_text, T.StringType())(value) if _is_double(place, plan) else value.cast("string")


def _is_double(place: int, plan: dict[str, Any]) -> bool:
    return plan["columns"][place]["type"] in ("number", "timestamp")


def _with_key(kept: DataFrame, plan: dict[str, Any]) -> DataFrame:
    """Rows with what decides about their side. Python writes the numbers of those that Java may write otherwise."""
    places = plan["identifying"] or plan["described"]
    doubles = [place for place in places if _is_double(place, plan)]
    if not doubles:
        return kept.withColumn("key", _key_of(_joined([F.col(f"v{place}").cast("string") for place in places])))
    texts = {place: java_text(F.col(f"v{place}")) for place in doubles}
    is_for_python = any_of([texts[place].isNull() & F.col(f"v{place}").isNotNull() for place in doubles])
    others = {place: F.col(f"v{place}").cast("string") for place in places if place not in texts}
    by_java = F.when(~is_for_python, _joined([texts.get(place, others.get(place)) for place in places]))
    written = F.udf(lambda numbers: numbers and [double_text(number) for number in numbers], T.ArrayType(T.StringType()))
    by_python = {place: F.col("_written")[index] for index, place in enumerate(doubles)}
    return (kept.withColumn("_text", by_java)
            .withColumn("_written", written(F.when(F.col("_text").isNull(), F.array(*values_of(doubles)))))
            .withColumn("key", _key_of(F.coalesce(F.col("_text"), _joined([by_python.get(place, others.get(place)) for place in places]))))
            .drop("_text", "_written"))


def _joined(texts: list[Column]) -> Column:
    return F.concat_ws("|", *[F.coalesce(F.concat(F.octet_length(text).cast("string"), F.lit(":"), text), F.lit("-")) for text in texts])


def _key_of(text: Column) -> Column:
    return F.substring(F.sha2(text.cast("binary"), 256), 1, 13)


def count_sides(placed: DataFrame) -> dict[str, int]:
    found = {row["side"]: row["count"] for row in placed.groupBy("side").count().collect()}
    return {"train": found.get("train", 0), "test": found.get("test", 0)}


def anonymise(placed: DataFrame, plan: dict[str, Any]) -> tuple[DataFrame, dict[str, Any] | None]:
    """Groups by the columns that may tell who a row is about; with `suppress` rows of small ones are left out."""
    asked = plan["anonymity"]
    if asked is None:
        return placed, None
    by, k = values_of(asked["places"]), asked["k"]
    small, large = F.when(F.col("n") < k, F.col("n")), F.when(F.col("n") >= k, F.col("n"))
    counted = placed.groupBy(*by).agg(F.count("*").alias("n")).agg(
        F.count("*").alias("groups"), F.coalesce(F.min("n"), F.lit(0)).alias("smallest"),
        F.coalesce(F.sum(small), F.lit(0)).alias("below"), F.coalesce(F.min(large), F.lit(0)).alias("kept")).first().asDict()
    if asked["suppresses"] and counted["below"] > 0:
        placed = placed.withColumn("_n", F.count("*").over(Window.partitionBy(*by))).where(F.col("_n") >= k).drop("_n")
    return placed, counted


def interpolated(count: int, share: float, at: dict[int, float]) -> float | None:
    """A quantile by linear interpolation, as DuckDB and NumPy take it."""
    if count == 0:
        return None
    place = (count - 1) * share
    low = int(place)
    first, second = at[low], at[min(low + 1, count - 1)]
    return first if first == second or place == low else first * (1.0 - (place - low)) + second * (place - low)


def around(count: int, share: float) -> list[int]:
    low = int((count - 1) * share)
    return [low, min(low + 1, count - 1)]


def learn_outlier_limits(scratch: Scratch, placed: DataFrame, plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Limits learned on train rows, and how many rows of both sides lie outside."""
    train = placed.where("side = 'train'")
    quartiles = {one["place"]: F.col(f"v{one['place']}") for one in plan["outliers"] if one["method"] == "iqr"}
    found = scratch.order_statistics(train, quartiles, lambda _, count: around(count, 0.25) + around(count, 0.75))
    deviating = [one["place"] for one in plan["outliers"] if one["method"] != "iqr"]
    moments = train.agg(F.lit(1), *[make(f"v{place}").alias(f"{letter}{place}") for place in deviating
                                    for letter, make in (("e", F.avg), ("d", F.stddev_samp))]).first() if deviating else None
    limits = []
    for one in plan["outliers"]:
        place = one["place"]
        if one["method"] == "iqr":
            count, at = found[place]
            first, second = interpolated(count, 0.25, at), interpolated(count, 0.75, at)
            start, end, width = first, second, None if first is None else second - first
        else:
            start = end = moments[f"e{place}"]
            width = moments[f"d{place}"]
        if start is None or width is None or width != width:
            continue
        reach = one["factor"] * width
        limits.append({"place": place, "action": one["action"], "low": start - reach, "high": end + reach})
    if not limits:
        return []
    counts = placed.agg(*[F.coalesce(F.sum(F.when(is_outside(limit), 1)), F.lit(0)).alias(f"p{limit['place']}") for limit in limits]).first()
    return [{**limit, "count": counts[f"p{limit['place']}"]} for limit in limits]


def is_outside(limit: dict[str, Any]) -> Column:
    value = F.col(f"v{limit['place']}")
    return (value < F.lit(limit["low"])) | (value > F.lit(limit["high"]))


def _any_outside(limits: list[dict[str, Any]]) -> Column:
    return any_of([F.coalesce(is_outside(limit), F.lit(False)) for limit in limits])


def any_of(conditions: list[Column]) -> Column:
    """Whether any holds; not one behind the other, as an expression that is a thousand deep cannot be read."""
    if len(conditions) < 2:
        return conditions[0] if conditions else F.lit(False)
    middle = len(conditions) // 2
    return any_of(conditions[:middle]) | any_of(conditions[middle:])


def count_outliers_by_source(placed: DataFrame, limits: list[dict[str, Any]], plan: dict[str, Any]) -> list[dict[str, Any]]:
    place = plan["sourcesPlace"]
    if place is None:
        return []
    source = F.coalesce(_text_of(place, plan), F.lit("(missing)")).alias("source")
    counted = placed.groupBy(source).agg(F.count("*").alias("rows"),
                                         F.coalesce(F.sum(F.when(_any_outside(limits), 1)), F.lit(0)).alias("outlying"))
    return [row.asDict() for row in counted.orderBy(F.desc("outlying"), F.asc("source")).limit(_MOST_SOURCES).collect()]


def put_outliers_aside(placed: DataFrame, limits: list[dict[str, Any]], kept: int) -> tuple[DataFrame, dict[str, Any]]:
    """Leave rows out that hold an outlier of a feature whose outliers are put aside."""
    strict = [limit for limit in limits if limit["action"] == "quarantine" and limit["count"] > 0]
    if not strict:
        return placed, {"count": 0, "first": []}
    out = placed.where(_any_outside(strict))
    rows = out.select("line", *[F.when(is_outside(limit), F.col(f"v{limit['place']}").cast("double")).alias(f"o{limit['place']}")
                                for limit in strict]).orderBy("line").limit(kept).collect()
    first = [{"line": row["line"], "place": limit["place"], "value": row[f"o{limit['place']}"]}
             for row in rows for limit in strict if row[f"o{limit['place']}"] is not None]
    return placed.where(~_any_outside(strict)), {"count": out.count(), "first": first}
