"""Counts of the columns before cleaning: all rows that could be read, over the bins of the train rows."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from evergreen_spark.bins import bin_sql, edges_of, number_sql
from evergreen_spark.cells import GREATEST_NUMBER
from evergreen_spark.measure import number_of
from evergreen_spark.tables import long_expressions


def count_before(checked: DataFrame, summaries: list[dict[str, Any]], plan: dict[str, Any]) -> dict[str, Any]:
    """Cells in each bin of the columns that may be shown, of each category, and of those the ones spelled otherwise."""
    columns, shown = plan["columns"], plan["shownBefore"]
    edges = {one["place"]: edges_of(one["deciles"] or []) for one in summaries if one["place"] in shown}
    spelled = [place for place in plan["spelledBefore"] if f"z{place}" in checked.columns]
    pairs = []
    for place in shown:
        if place in edges:
            number = number_of(plan, place)
            if columns[place]["type"] != "text":
                number = f"IF(abs(cast(v{place} AS double)) <= {number_sql(GREATEST_NUMBER)}, v{place}, NULL)"
            value = F.expr(bin_sql(number, edges[place])).cast("string")
        else:
            value = F.col(f"v{place}").cast("string")
            # Of what is no category there may be as many as rows.
            value = F.when(value.isin(*columns[place]["categories"]), value) if columns[place]["type"] == "category" else value
        changed = F.col(f"z{place}") if place in spelled else F.lit(False)
        pairs.append(F.struct(F.lit(place).alias("place"), value.alias("value"), changed.alias("changed")))
    if not pairs:
        return {"bins": [], "categories": []}
    with long_expressions(checked.sparkSession):
        counted = (checked.select(F.explode(F.array(*pairs)).alias("pair")).select("pair.*")
                   .where("value IS NOT NULL").groupBy("place", "value", "changed").count().collect())
    bins = {place: [0] * (len(of) + 1) for place, of in edges.items()}
    for row in counted:
        if row["place"] in bins:
            bins[row["place"]][int(row["value"])] = row["count"]
    categories = [row.asDict() for row in counted if row["place"] not in bins]
    return {"bins": [{"place": place, "counts": counts} for place, counts in bins.items()],
            "categories": sorted(categories, key=lambda row: (row["place"], row["value"], row["changed"]))}
