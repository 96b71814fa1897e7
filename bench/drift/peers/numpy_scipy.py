"""PSI over deciles and SciPy's tests, as they are mostly written by hand: numpy_scipy.py <reference> <current>."""

import json
import sys

import numpy as np
import pyarrow.parquet as parquet
from scipy import stats

reference, current = (parquet.read_table(path) for path in sys.argv[1:3])


def index(before, after):
    p = np.maximum(before / before.sum(), 1e-6)
    q = np.maximum(after / after.sum(), 1e-6)
    return float(((q - p) * np.log(q / p)).sum())


def present(table, name):
    return table[name].drop_null().to_numpy()


named = []
for name in reference.column_names:
    a, b = present(reference, name), present(current, name)
    if name.startswith("c"):
        values = np.unique(a)
        before = np.array([(a == value).sum() for value in values])
        after = np.array([(b == value).sum() for value in values])
        p_value = stats.chi2_contingency([before, after]).pvalue
        is_large = index(before, after) >= 0.1
    else:
        edges = np.unique(np.quantile(a, np.arange(0.1, 1, 0.1)))
        bins = np.concatenate([[-np.inf], edges, [np.inf]])
        test = stats.ks_2samp(a, b, method="asymp")
        p_value = test.pvalue
        is_large = test.statistic >= 0.1 or index(np.histogram(a, bins)[0], np.histogram(b, bins)[0]) >= 0.1
    if p_value < 0.001 and is_large:
        named.append(name)
print(json.dumps({"named": named}))
