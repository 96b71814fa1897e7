"""Evidently's data drift preset with its defaults: evidently_drift.py <reference> <current>."""

import json
import sys
import warnings

warnings.filterwarnings("ignore")

import pandas  # noqa: E402
from evidently import DataDefinition, Dataset, Report  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402

reference, current = (pandas.read_parquet(path) for path in sys.argv[1:3])
columns = list(reference.columns)
definition = DataDefinition(
    numerical_columns=[name for name in columns if not name.startswith("c")],
    categorical_columns=[name for name in columns if name.startswith("c")],
)
found = Report([DataDriftPreset()]).run(
    current_data=Dataset.from_pandas(current, definition),
    reference_data=Dataset.from_pandas(reference, definition),
)
named = []
for metric in found.dict()["metrics"]:
    config = metric.get("config", {})
    column = config.get("column")
    if column is None or "method" not in config:
        continue
    threshold, value = config["threshold"], float(metric["value"])
    # p values speak below their threshold, distances above.
    if value < threshold if "p_value" in config["method"] else value >= threshold:
        named.append(column)
print(json.dumps({"named": named}))
