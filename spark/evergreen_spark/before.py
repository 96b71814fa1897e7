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
    edges = {one["place"]: edges_of(one["deciles"] or []) for one in summaries if one["place"] in set(shown)}
    spelled = {place for place in plan["spelledBefore"] if f"z{place}" in checked.columns}
    if not shown:
        return {"bins": [], "categories": []}

    def pair(place: int) -> str:
        if place not in edges:
            changed = f"coalesce(z{place}, false)" if place in spelled else "false"
            return f"named_struct('place', {place}, 'bin', cast(NULL AS int), 'value', cast(v{place} AS string), 'changed', {changed})"
        number = number_of(plan, place)
        if columns[place]["type"] != "text":
            number = f"IF(abs(cast(v{place} AS double)) <= {number_sql(GREATEST_NUMBER)}, v{place}, NULL)"
        return f"named_struct('place', {place}, 'bin', {bin_sql(number, edges[place])}, 'value', cast(NULL AS string), 'changed', false)"

    categories = [(place, value) for place in shown if place not in edges
                  for value in (["true", "false"] if columns[place]["type"] == "boolean" else columns[place]["categories"])]
    known = checked.sparkSession.createDataFrame(categories, "place int, value string").withColumn("known", F.lit(True))
    with long_expressions(checked.sparkSession):
        counted = (checked.select(F.explode(F.expr(f"array({', '.join(pair(place) for place in shown)})")).alias("pair"))
                   .select("pair.*").where("bin IS NOT NULL OR value IS NOT NULL").groupBy("place", "bin", "value", "changed").count())
        # Of what is no category there may be as many as rows: none of it comes here.
        rows = counted.join(F.broadcast(known), ["place", "value"], "left").where("bin IS NOT NULL OR known").collect()
    bins = {place: [0] * (len(of) + 1) for place, of in edges.items()}
    for row in rows:
        if row["bin"] is not None:
            bins[row["place"]][row["bin"]] = row["count"]
    named = [{name: row[name] for name in ("place", "value", "changed", "count")} for row in rows if row["bin"] is None]
    return {"bins": [{"place": place, "counts": counts} for place, counts in bins.items()],
            "categories": sorted(named, key=lambda row: (row["place"], row["value"], row["changed"]))}
