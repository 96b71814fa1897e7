"""Tables that are kept on disk between steps, numbers of rows in an order, and exact order statistics."""

from __future__ import annotations

import math
import shutil
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Callable

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F


class Scratch:
    """Tables in between, and a folder of the driver's. A table that is read twice is written once: what a sort drew is not drawn again.

    Parameters
    ----------
    tables : str
        URI of a folder that all machines see.
    local : str
        A folder of the machine that the driver runs on.
    """

    def __init__(self, spark: SparkSession, tables: str, local: str) -> None:
        self.spark = spark
        self.local = local
        self._tables = tables
        self._count = 0

    def keep(self, table: DataFrame) -> DataFrame:
        self._count += 1
        path = f"{self._tables}/table-{self._count}"
        table.write.parquet(path)
        return self.spark.read.schema(table.schema).parquet(path)

    def write_file(self, table: DataFrame, to: str) -> str:
        """Write a table of one part as one Parquet file of this machine, wherever the part was made."""
        folder = self._path(f"{self._tables}/file")
        table.write.mode("overwrite").parquet(folder.toString())
        files = folder.getFileSystem(self._hadoop())
        (part,) = [found.getPath() for found in files.listStatus(folder) if found.getPath().getName().startswith("part-")]
        Path(to).unlink(missing_ok=True)
        # No .crc beside it: what lies in the folder of the output is uploaded.
        files.copyToLocalFile(True, part, self._path(f"file://{to}"), True)
        return to

    def clear(self) -> None:
        """Leave both folders empty."""
        tables = self._path(self._tables)
        tables.getFileSystem(self._hadoop()).delete(tables, True)
        shutil.rmtree(self.local, ignore_errors=True)
        Path(self.local).mkdir(parents=True)

    def _path(self, uri: str) -> Any:
        return self.spark._jvm.org.apache.hadoop.fs.Path(uri)

    def _hadoop(self) -> Any:
        return self.spark._jsc.hadoopConfiguration()

    def number(self, table: DataFrame, name: str, *order: Column, also: Callable[[DataFrame], DataFrame] = lambda rows: rows) -> DataFrame:
        """Number the rows from 0 in an order, each part by itself: a window over all would be one task.

        What `also` adds is made once: what a sort is given is made twice, first to see where its parts begin.
        """
        placed = self.keep(also(table.orderBy(*order).withColumn("_part", F.spark_partition_id())
                                .withColumn("_id", F.monotonically_increasing_id())))
        offsets, before = [], 0
        for row in placed.groupBy("_part").count().orderBy("_part").collect():
            offsets.append((row["_part"], before))
            before += row["count"]
        known = self._small(offsets, "_of int, _before bigint")
        numbered = F.col("_id").bitwiseAND(F.lit((1 << 33) - 1)) + F.col("_before")
        return placed.join(known, F.col("_part") == F.col("_of")).withColumn(name, numbered).drop("_part", "_id", "_of", "_before")

    def _small(self, rows: list[tuple[int, ...]], schema: str) -> DataFrame:
        """A table that each machine gets as a whole: a map in an expression is gone through from its beginning for each row."""
        return F.broadcast(self.spark.createDataFrame(rows, schema))

    def order_statistics(self, table: DataFrame, numbers: dict[int, Column],
                         wanted: Callable[[int, int], list[int]]) -> dict[int, tuple[int, dict[int, float]]]:
        """Values at places of the sorted values, for all columns at once, exact and with no column in memory.

        Parameters
        ----------
        numbers : by column
            What is sorted, as doubles; missing ones are left out.
        wanted : callable
            Of a column and how many values it has, the places from 0.

        Returns
        -------
        By column, how many values it has, and the value at each place.
        """
        if not numbers:
            return {}
        pairs = F.array(*[F.struct(F.lit(place).alias("place"), number.cast("double").alias("value"))
                          for place, number in numbers.items()])
        counted = (table.select(F.explode(pairs).alias("pair")).select("pair.*").where("value IS NOT NULL")
                   .groupBy("place", "value").count())
        sorted_values = self.keep(counted.orderBy("place", "value").withColumn("_part", F.spark_partition_id()))
        starts: dict[int, list[tuple[int, int]]] = {place: [] for place in numbers}
        totals = dict.fromkeys(numbers, 0)
        for row in sorted_values.groupBy("_part", "place").agg(F.sum("count").alias("many")).orderBy("_part").collect():
            starts[row["place"]].append((totals[row["place"]], row["_part"]))
            totals[row["place"]] += row["many"]
        hits = []
        for place, total in totals.items():
            for position in sorted(set(wanted(place, total))) if total else []:
                start, part = starts[place][bisect_right(starts[place], (position, math.inf)) - 1]
                hits.append((part, place, position, position - start))
        found: dict[int, dict[int, float]] = {place: {} for place in numbers}
        if hits:
            asked = self._small(hits, "_in int, _of int, position bigint, _after bigint")
            parts = self._small(sorted({hit[:2] for hit in hits}), "_in int, _of int")
            up_to = F.sum("count").over(Window.partitionBy("_part", "place").orderBy("value").rowsBetween(Window.unboundedPreceding, 0))
            is_there = (F.col("_part") == F.col("_in")) & (F.col("place") == F.col("_of"))
            ended = sorted_values.join(parts, is_there, "left_semi").withColumn("_ended", up_to)
            is_hit = (F.col("_ended") > F.col("_after")) & (F.col("_ended") - F.col("count") <= F.col("_after"))
            for row in ended.join(asked, is_there & is_hit).select("place", "position", "value").collect():
                found[row["place"]][row["position"]] = row["value"]
        return {place: (totals[place], found[place]) for place in numbers}


@contextmanager
def long_expressions(spark: SparkSession) -> Iterator[None]:
    """Edges of many columns in one method are more than Java compiles; outside whole stages they are cut into several."""
    before = spark.conf.get("spark.sql.codegen.wholeStage", "true")
    spark.conf.set("spark.sql.codegen.wholeStage", "false")
    try:
        yield
    finally:
        spark.conf.set("spark.sql.codegen.wholeStage", before)
