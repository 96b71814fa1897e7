"""The job: reads one file by a plan, and leaves facts.json, train.parquet and test.parquet."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from evergreen_spark import clean, measure
from evergreen_spark.before import count_before
from evergreen_spark.cells import text_cell
from evergreen_spark.check import check_rows
from evergreen_spark.hash_key import ReadKey, read_key
from evergreen_spark.parquet_source import parquet_table
from evergreen_spark.personal_counts import count_personal
from evergreen_spark.tables import Scratch
from evergreen_spark.text_source import text_table, unpack

_PARTITION_BYTES = 64 << 20


def main() -> None:
    parser = argparse.ArgumentParser(description="Count what a data gate is made of, on Spark.")
    for name, told in (("--plan", "plan.json"), ("--upload", "folder with the one file"), ("--output", "folder of what is left"),
                       ("--scratch", "folder of this machine"), ("--tables", "URI of a folder that all machines see")):
        parser.add_argument(name, required=True, help=told)
    asked = parser.parse_args()
    plan = json.loads(Path(asked.plan).read_text())
    files = [path for path in Path(asked.upload).rglob("*") if path.is_file()]
    if len(files) != 1:
        sys.exit(f"{len(files)} files came; exactly one upload is examined")
    upload = str(files[0])
    spark = start_session(os.path.getsize(upload), asked.scratch)
    try:
        run(Scratch(spark, asked.tables, asked.scratch), plan, upload, asked.output)
    finally:
        spark.stop()


def run(scratch: Scratch, plan: dict[str, Any], upload: str, output: str, read: ReadKey = read_key) -> None:
    """Examine one file and leave the answer in `output`; nothing stays in between."""
    key = None if plan["hashKey"] is None else read(plan["hashKey"])
    Path(output).mkdir(parents=True, exist_ok=True)
    scratch.clear()
    try:
        plain = f"{scratch.local}/unpacked" if plan["isGzip"] else upload
        refusal = unpack(upload, plain, plan["maxDecodedBytes"]) if plan["isGzip"] else None
        facts = {"unreadable": {"line": 0, "message": refusal}} if refusal else examine(scratch, plain, plan, output, key)
        document = {"schema": "evergreen/spark-facts/v1", "source": _described(upload), **facts}
        Path(output, "facts.json").write_text(json.dumps(document, allow_nan=False))
    finally:
        scratch.clear()


def _described(path: str) -> dict[str, Any]:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return {"bytes": os.path.getsize(path), "sha256": digest.hexdigest()}


def start_session(size: int, scratch: str) -> SparkSession:
    settings = {
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.caseSensitive": "true",
        # A cast that fails gives null, which is a broken rule and no failed job.
        "spark.sql.ansi.enabled": "false",
        # Java compiles no longer method: a step of many columns is cut into several, which whole stages are not.
        "spark.sql.codegen.hugeMethodLimit": "8000",
        "spark.sql.files.maxPartitionBytes": str(_PARTITION_BYTES),
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.local.dir": f"{scratch}-spill",
        # A job that loses a machine begins anew: copies of its tables would save nothing.
        "spark.hadoop.dfs.replication": "1",
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.appName("evergreen-examine")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    # As many as all machines have cores.
    spark.conf.set("spark.sql.shuffle.partitions", max(spark.sparkContext.defaultParallelism, -(-size // _PARTITION_BYTES)))
    return spark


def examine(scratch: Scratch, upload: str, plan: dict[str, Any], output: str, key: bytes | None) -> dict[str, Any]:
    if plan["format"] == "parquet":
        source, read, cells, about = parquet_table(scratch, upload, plan)
    else:
        source, read, about = text_table(scratch, upload, plan)
        cells = [text_cell(column, plan) for column in plan["columns"]]
    if source is None:
        return read
    _say(f"{read['rows']} rows are read")
    checked, counted = check_rows(scratch, source, cells, plan, key)
    if counted["read"] != read["rows"]:
        sys.exit(f"{read['rows']} rows were read, but {counted['read']} were checked")
    facts = {**read, **counted, "ignored": about["ignored"], "personal": count_personal(checked, source, about["unread"], plan["personal"], counted["read"])}
    good, facts["copies"] = clean.find_copies(scratch, checked, plan)
    facts["contradictions"] = clean.find_contradictions(good, plan)
    _say("rows are checked")
    placed = clean.place_rows(scratch, good, plan)
    placed, facts["anonymity"] = clean.anonymise(placed, plan)
    limits = clean.learn_outlier_limits(scratch, placed, plan)
    facts["outlierLimits"] = limits
    facts["sources"] = clean.count_outliers_by_source(placed, limits, plan)
    placed, facts["aside"] = clean.put_outliers_aside(placed, limits, plan["keptBroken"])
    placed = scratch.keep(placed)
    facts["sides"] = clean.count_sides(placed)
    facts["classes"] = measure.count_classes(placed, plan)
    _say("rows are cleaned and split")
    if facts["sides"]["train"] > 0:
        facts["measured"] = _measure(scratch, placed, limits, plan)
        facts["countsBefore"] = count_before(checked, facts["measured"]["summaries"], plan)
        facts["golden"] = measure.golden_candidates(scratch, placed, plan)
        facts["files"] = {side: _described(_write_side(scratch, placed, side, plan, output)) for side in ("train", "test")}
        _say("rows are measured and written")
    return facts


def _measure(scratch: Scratch, placed: DataFrame, limits: list, plan: dict[str, Any]) -> dict[str, Any]:
    measured = measure.measure(scratch, placed, plan)
    summaries = {one["place"]: one for one in measured["summaries"]}
    newest = plan["freshnessPlace"]
    return {
        **measured,
        "fills": measure.learn_fills(scratch, placed, limits, plan),
        "repeated": measure.count_repeated(placed, plan["unique"]),
        "greatestNearGroup": measure.greatest_near_group(placed, summaries, plan) if plan["asksNearDuplicates"] else None,
        "newest": None if newest is None else placed.agg(F.max(f"v{newest}").alias("n")).first()["n"],
        "labels": measure.sample_labels(placed, summaries, plan) if plan["asksLabelFlips"] else None,
    }


def _write_side(scratch: Scratch, placed: DataFrame, side: str, plan: dict[str, Any], output: str) -> str:
    """One file in the order of the upload: trainers and evaluation read one."""
    named = [F.col(f"v{place}").alias(plan["columns"][place]["name"]) for place in plan["described"]]
    ordered = placed.where(F.col("side") == side).repartition(1).sortWithinPartitions("place")
    return scratch.write_file(ordered.select(*named), f"{output}/{side}.parquet")


def _say(what: str) -> None:
    print(f"evergreen: {what}", flush=True)
