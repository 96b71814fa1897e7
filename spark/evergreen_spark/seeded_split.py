"""The split that scikit-learn draws by a seed, as lib/data/split.ts draws it: NumPy's own permutation, shared as a file."""

from __future__ import annotations

import math
import uuid
from functools import lru_cache
from typing import Any

from pyspark import SparkFiles
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql import types as T

from evergreen_spark.tables import Scratch


def seeded_sides(scratch: Scratch, numbered: DataFrame, asked: dict[str, Any]) -> DataFrame:
    """Rows with their side and their place in it, by their position; the drawn order takes eight bytes for a row."""
    # Of SageMaker's container; other splits do without it.
    import numpy

    rows = numbered.count()
    wanted = math.ceil(asked["testShare"] * rows)
    held = min(wanted, rows) if rows < 2 else min(max(wanted, 1), rows - 1)
    ranks = numpy.empty(rows, dtype=numpy.int64)
    ranks[numpy.random.RandomState(asked["seed"]).permutation(rows)] = numpy.arange(rows)
    name = f"ranks-{uuid.uuid4().hex}.npy"
    numpy.save(f"{scratch.local}/{name}", ranks)
    # Each machine gets it once, and its processes share one copy in memory.
    scratch.spark.sparkContext.addFile(f"{scratch.local}/{name}")
    rank = F.col("_rank")
    ranked = scratch.keep(numbered.withColumn("_rank", _rank_of(name)))
    return (ranked.withColumn("side", F.when(rank < held, "test").otherwise("train"))
            .withColumn("place", F.when(rank < held, rank).otherwise(rank - held)).drop("_rank"))


@lru_cache(maxsize=1)
def _ranks(name: str) -> Any:
    import numpy

    return numpy.load(SparkFiles.get(name), mmap_mode="r")


def _rank_of(name: str) -> Column:
    return F.udf(lambda position: int(_ranks(name)[position]), T.LongType())("position")
