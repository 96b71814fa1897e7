"""The checks as an expectation suite on pandas: great_expectations_checks.py <file>."""

import json
import sys

import great_expectations as gx
import pandas as pd

frame = pd.read_csv(sys.argv[1], low_memory=False)
numbers = [f"n{i}" for i in range(12)]
integers = [f"i{i}" for i in range(4)]
categories = [f"c{i}" for i in range(3)]

context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
batch = context.data_sources.add_pandas("rows").add_dataframe_asset("rows").add_batch_definition_whole_dataframe("rows")
suite = context.suites.add(gx.ExpectationSuite(name="rows"))
expect = gx.expectations
for name in frame.columns:
    suite.add_expectation(expect.ExpectColumnValuesToNotBeNull(column=name))
for name in numbers:
    suite.add_expectation(expect.ExpectColumnValuesToBeBetween(column=name, min_value=-10, max_value=10))
    suite.add_expectation(expect.ExpectColumnValuesToBeOfType(column=name, type_="float64"))
for name in integers:
    suite.add_expectation(expect.ExpectColumnValuesToBeBetween(column=name, min_value=0, max_value=1000))
    suite.add_expectation(expect.ExpectColumnValuesToBeOfType(column=name, type_="int64"))
for name in categories:
    suite.add_expectation(expect.ExpectColumnValuesToBeInSet(column=name, value_set=["red", "green", "blue"]))
suite.add_expectation(expect.ExpectColumnValuesToBeInSet(column="y", value_set=["yes", "no"]))

found = context.validation_definitions.add(gx.ValidationDefinition(name="rows", data=batch, suite=suite)).run(
    batch_parameters={"dataframe": frame}, result_format="BASIC"
)
classes = {
    "expect_column_values_to_not_be_null": "missing",
    "expect_column_values_to_be_between": "range",
    "expect_column_values_to_be_of_type": "type",
    "expect_column_values_to_be_in_set": "category",
}
counts = {}
for result in found.results:
    if not result.success:
        name = classes[result.expectation_config.type]
        # A type is one of the whole column; an expectation that raised counted nothing.
        counts[name] = counts.get(name, 0) + int(result.result.get("unexpected_count", 0))
print(json.dumps({"counts": counts}))
