"""Evidently's data drift preset with its defaults: evidently_drift.py <reference> <current>."""

import json
import sys
import warnings

warnings.filterwarnings("ignore")

import pandas  # noqa: E402
from evidently import DataDefinition, Dataset, Report  # noqa: E402
from evidently.presets import DataDriftPreset  # noqa: E402


def named_columns(reference, current):
    texts = [name for name in reference if not pandas.api.types.is_numeric_dtype(reference[name])]
    definition = DataDefinition(
        numerical_columns=[name for name in reference if name not in texts],
        categorical_columns=texts,
    )
    found = Report([DataDriftPreset()]).run(
        current_data=Dataset.from_pandas(current, definition),
        reference_data=Dataset.from_pandas(reference, definition),
    )
    named = []
    for metric in found.dict()["metrics"]:
        config = metric["config"]
        if "column" not in config:
            continue
        threshold, value = config["threshold"], float(metric["value"])
        # p values speak below their threshold, distances above.
        is_p_value = "p_value" in config["method"]
        if value < threshold if is_p_value else value >= threshold:
            named.append(config["column"])
    return named


if __name__ == "__main__":
    files = [pandas.read_parquet(path) for path in sys.argv[1:3]]
    print(json.dumps({"named": named_columns(*files)}))
