"""Contributions on golden rows: what ``/explain`` is held against, and their mean size."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..contract import Job
from ..data import Rows
from ..model import Model
from ..parity import tolerance_of
from .exact import attribute_exactly
from .explained import Explained, cells_of
from .shapley import attribute_by_answers, draw_permutations

# Rows that the contributions may ask of the model: for ten golden rows of six features, for one of ten or more.
_BUDGET = 25_000
_MOST_ROWS = 10


def explain_golden_rows(job: Job, model: Model, explained: Explained, background: Rows) -> dict[str, Any]:
    """The parts ``shapley`` and ``reference`` of the document.

    Where the model's kind gives exact contributions on the scale that is served, and serving enumerates, the reference
    holds those, so that two ways of finding the same numbers are held against each other.
    """
    definition = job.definition
    names = [feature.name for feature in definition.features]
    golden = job.golden.rows.take(slice(0, _MOST_ROWS))
    chosen = explained.chosen(golden)
    permutations = draw_permutations(len(names), job.seed)
    exact = attribute_exactly(model, golden, background, chosen)
    if exact is not None and exact.scale == explained.output and not len(permutations):
        served = exact.attributions
    else:
        coalitions = 2 * permutations.size if len(permutations) else 2 ** len(names)
        count = max(1, _BUDGET // (coalitions * len(background)))
        served = attribute_by_answers(explained, golden.take(slice(0, count)), background, permutations)
    scale, summed = (explained.output, served) if exact is None else (exact.scale, exact.attributions)
    sizes = np.abs(summed.contributions).mean(axis=0)
    order = np.argsort(-sizes, kind="stable")
    return {
        "shapley": {
            "output": scale,
            "method": summed.method,
            "rows": len(summed.base),
            "features": [{"feature": names[position], "meanAbsolute": float(sizes[position])} for position in order],
        },
        "reference": {
            "background": cells_of(background, definition),
            "permutations": permutations.tolist(),
            "golden": [
                {
                    "row": row,
                    "label": definition.categories[chosen[row]] if definition.is_classification else None,
                    "base": float(served.base[row]),
                    "contributions": dict(zip(names, served.contributions[row].tolist(), strict=True)),
                }
                for row in range(len(served.base))
            ],
            "method": served.method,
            "tolerance": tolerance_of(explained.outputs(golden)),
        },
    }
