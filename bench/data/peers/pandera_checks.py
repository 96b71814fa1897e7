"""The checks as a pandera schema on pandas, all failures collected: pandera_checks.py <file>."""

import json
import sys

import pandas as pd
import pandera.pandas as pa

schema = pa.DataFrameSchema(
    {
        **{f"n{i}": pa.Column(float, pa.Check.in_range(-10, 10), coerce=True) for i in range(12)},
        **{f"i{i}": pa.Column(int, pa.Check.in_range(0, 1000), coerce=True) for i in range(4)},
        **{f"c{i}": pa.Column(str, pa.Check.isin(["red", "green", "blue"])) for i in range(3)},
        "y": pa.Column(str, pa.Check.isin(["yes", "no"])),
    }
)
# What pandera calls a failed check, by the class of the defect.
classes = {"not_nullable": "missing", "in_range": "range", "coerce_dtype": "type", "isin": "category"}
counts = {}
try:
    schema.validate(pd.read_csv(sys.argv[1]), lazy=True)
except pa.errors.SchemaErrors as failed:
    for check, cases in failed.failure_cases.groupby("check"):
        name = classes.get(str(check).split("(")[0])
        if name:
            counts[name] = counts.get(name, 0) + len(cases)
print(json.dumps({"counts": counts}))
