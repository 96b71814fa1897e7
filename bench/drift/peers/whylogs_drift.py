"""whylogs' profiles and its drift report with its defaults: whylogs_drift.py <reference> <current>."""

import json
import sys
import warnings

warnings.filterwarnings("ignore")

import pandas  # noqa: E402
import whylogs  # noqa: E402
from whylogs.viz.drift.column_drift_algorithms import calculate_drift_scores  # noqa: E402

views = [whylogs.log(pandas.read_parquet(path)).view() for path in sys.argv[1:3]]
scores = calculate_drift_scores(target_view=views[1], reference_view=views[0], with_thresholds=True)
named = [name for name, score in scores.items() if score and score.get("drift_category") == "DRIFT"]
print(json.dumps({"named": sorted(named)}))
