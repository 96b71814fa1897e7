"""NannyML's univariate drift and missing values with their defaults: nannyml_drift.py <reference> <current>.

A column is named when any chunk of the current file raises an alert.
"""

import json
import sys
import warnings

warnings.filterwarnings("ignore")

import nannyml  # noqa: E402
import pandas  # noqa: E402


def named_columns(reference, current):
    columns = list(reference.columns)
    named = set()
    drift = nannyml.UnivariateDriftCalculator(column_names=columns)
    missing = nannyml.MissingValuesCalculator(column_names=columns)
    for calculator in (drift, missing):
        calculator.fit(reference)
        found = calculator.calculate(current).filter(period="analysis").to_df()
        for column in found.columns:
            if column[-1] == "alert" and bool(found[column].any()):
                named.add(column[0])
    return sorted(named)


if __name__ == "__main__":
    files = [pandas.read_parquet(path) for path in sys.argv[1:3]]
    print(json.dumps({"named": named_columns(*files)}))
