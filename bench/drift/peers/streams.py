"""What a library says of samples drawn elsewhere: streams.py <library> <samples>.

Each line of the file is a JSON object with `reference` and `current`, columns of the same names; missing is null. For
each line one JSON array is printed: the columns that the library names.
"""

import contextlib
import importlib
import json
import os
import sys
from pathlib import Path

import pandas

library, samples = sys.argv[1:3]
module = importlib.import_module(f"{library}_drift")
with Path(samples).open() as lines:
    for line in lines:
        sides = json.loads(line)
        frames = [pandas.DataFrame(sides[side]) for side in ("reference", "current")]
        # Some tell of their progress on the output.
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            named = module.named_columns(*frames)
        print(json.dumps(named), flush=True)
