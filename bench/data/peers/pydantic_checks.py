"""The checks as a pydantic model over the rows of csv.reader: pydantic_checks.py <file>."""

import csv
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError, create_model

number = (Annotated[float, Field(ge=-10, le=10)], ...)
integer = (Annotated[int, Field(ge=0, le=1000)], ...)
colour = (Literal["red", "green", "blue"], ...)
Row: type[BaseModel] = create_model(
    "Row",
    **{f"n{i}": number for i in range(12)},
    **{f"i{i}": integer for i in range(4)},
    **{f"c{i}": colour for i in range(3)},
    y=(Literal["yes", "no"], ...),
)
validate = Row.__pydantic_validator__.validate_python
classes = {
    "float_parsing": "type",
    "int_parsing": "type",
    "less_than_equal": "range",
    "greater_than_equal": "range",
    "literal_error": "category",
}
counts = Counter()
with Path(sys.argv[1]).open(newline="", encoding="utf-8") as file:
    rows = csv.reader(file)
    header = next(rows)
    for row in rows:
        if len(row) != len(header):
            counts["shape"] += 1
            continue
        try:
            validate(dict(zip(header, row, strict=True)))
        except ValidationError as invalid:
            for error in invalid.errors(include_url=False):
                counts["missing" if error["input"] == "" else classes[error["type"]]] += 1
print(json.dumps({"counts": counts}))
