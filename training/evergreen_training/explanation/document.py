"""explanation.json: what lib/training/explanation.ts reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..contract import Job
from ..data import Rows, Table
from ..figures import print_note
from ..model import Answers, Model
from .dependence import partial_dependence
from .explained import Explained, explain_answers
from .golden import explain_golden_rows
from .importance import Importance, permutation_importance
from .surrogate import find_rules
from .twin import Split, fit_twin

_BACKGROUND_ROWS, _BACKGROUND_CELLS = 24, 2400
_SURROGATE_ROWS = 2000
_DEPENDENCE_ROWS, _DEPENDENCE_FEATURES, _MOST_CURVES = 50, 5, 20


@dataclass
class Folds:
    """What cross-validation leaves for the explanation: its splits, and the last model with the rows it never saw."""

    splits: list[Split] = field(default_factory=list)
    last: Model | None = None

    def keep(self, model: Model, learned: np.ndarray, held: np.ndarray) -> None:
        """Take note of a fold."""
        self.splits.append((learned, held))
        self.last = model


def explain_model(
    job: Job, model: Model, served: Callable[[Rows], Answers], folds: Folds, scores: Sequence[float]
) -> dict[str, Any]:
    """Explain a trained model as a whole, and prepare what ``/explain`` needs for single predictions.

    All of it is seeded and bounded: about 80,000 rows are answered whatever the data.

    Parameters
    ----------
    job : Job
    model : Model
    served : callable
        What the ONNX file of the model answers. That is what is explained; only the importance is measured with the
        last model of the cross-validation, on the fold that this one has not learned from.
    folds : Folds
    scores : sequence of float
        The model's score on each fold.
    """
    from threadpoolctl import threadpool_limits

    started = time.monotonic()
    # Small batches: threads would wait for each other longer than they work.
    with threadpool_limits(limits=1):
        document = _write_document(job, model, served, folds, scores)
    document["durationSeconds"] = round(time.monotonic() - started, 3)
    _tell(document)
    return document


def _write_document(
    job: Job, model: Model, served: Callable[[Rows], Answers], folds: Folds, scores: Sequence[float]
) -> dict[str, Any]:
    definition, train, random = job.definition, job.train, np.random.default_rng(job.seed)
    explained = explain_answers(definition, served, job.golden.rows)
    features = len(definition.features)
    background = _draw(random, train.rows, max(4, min(_BACKGROUND_ROWS, _BACKGROUND_CELLS // features)))
    importance, rows_from = _measure_importance(job, explained, folds)
    sample = _draw(random, train.rows, _SURROGATE_ROWS)
    few = _draw(random, train.rows, _DEPENDENCE_ROWS)
    curves = [
        partial_dependence(explained, definition.features[position], train.rows, few)
        for position in importance.order[:_DEPENDENCE_FEATURES]
    ]
    rules = find_rules(definition, sample, explained.answer(sample))
    twin = fit_twin(definition, train, model, folds.splits, scores)
    metric = "accuracy" if definition.is_classification else "r2"
    return {
        "schema": "evergreen/explanation/v1",
        "output": explained.output,
        "importance": {
            "metric": metric,
            "baseline": importance.baseline,
            "rowsFrom": rows_from,
            "rows": importance.rows,
            "repeats": importance.falls.shape[1],
            "features": [_importance_of(job, importance, position) for position in importance.order],
        },
        **explain_golden_rows(job, model, explained, background),
        "partialDependence": [
            {
                "feature": curve.feature,
                "rows": len(few),
                "grid": curve.grid,
                "curves": _curves_of(definition.categories or (None,), curve.curves),
            }
            for curve in curves
            if curve is not None
        ],
        "surrogate": {"reason": rules}
        if isinstance(rules, str)
        else {
            "fidelity": {"metric": "agreement" if definition.is_classification else "r2", "value": rules.fidelity},
            "rows": rules.rows,
            "rules": [{"text": rule.text, "share": rule.share} for rule in rules.rules],
            "missingCountsAs": rules.missing_counts_as,
        },
        "twin": {"reason": twin}
        if isinstance(twin, str)
        else {
            "algorithm": twin.algorithm,
            "settings": twin.settings,
            "metric": metric,
            "folds": twin.folds,
            "rows": twin.rows,
            "score": twin.score,
            "modelScore": twin.model_score,
            "price": twin.model_score - twin.score,
        },
    }


def _measure_importance(job: Job, explained: Explained, folds: Folds) -> tuple[Importance, str]:
    if folds.last is None:
        return permutation_importance(job.definition, explained.answer, job.train, job.seed), "train rows"
    _, held = folds.splits[-1]
    unseen = Table(job.train.rows.take(held), job.train.target[held])
    return permutation_importance(job.definition, folds.last.answer, unseen, job.seed), "held-back fold"


def _importance_of(job: Job, importance: Importance, position: int) -> dict[str, Any]:
    falls = importance.falls[position]
    deviation = float(falls.std(ddof=1)) if len(falls) > 1 else None
    return {"feature": job.definition.features[position].name, "mean": float(falls.mean()), "deviation": deviation}


def _curves_of(labels: Sequence[str | None], curves: np.ndarray) -> list[dict[str, Any]]:
    # Of many labels, those the model gives most weight.
    shown = np.sort(np.argsort(-curves.mean(axis=1), kind="stable")[:_MOST_CURVES])
    return [{"label": labels[position], "values": curves[position].tolist()} for position in shown]


def _tell(document: Mapping[str, Any]) -> None:
    first = document["importance"]["features"][0]
    print_note(f"the most important feature is {first['feature']}; without it the score falls by {first['mean']:.3g}")
    twin = document["twin"]
    if "price" in twin:
        scores = f"{twin['score']:.3g} where the model scores {twin['modelScore']:.3g}"
        print_note(f"a {twin['algorithm']} that people can read scores {scores}")


def _draw(random: np.random.Generator, rows: Rows, most: int) -> Rows:
    return rows.take(np.sort(random.permutation(len(rows))[:most]))
