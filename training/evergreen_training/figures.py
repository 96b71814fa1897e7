"""Figures of a training job: computed here, printed one a line for SageMaker's metric definitions to read."""

from __future__ import annotations

import numpy as np

from .definition import Definition
from .hosts import is_first_host
from .model import Answers


def score_answers(definition: Definition, answers: Answers, target: np.ndarray) -> dict[str, float]:
    """Figures of answers to labelled rows.

    Parameters
    ----------
    definition : Definition
    answers : Answers
        To n rows.
    target : ndarray, shape (n,)
        As in `Table`.

    Returns
    -------
    dict
        ``score``, the better the higher: accuracy; for a ranking NDCG@10, for anomalies balanced accuracy; for a
        regression R², which also has ``rmse``, the root mean squared error in units of the target.
    """
    if answers.labels is not None:
        hits = answers.labels == np.array(definition.categories, dtype=object)[target]
        if definition.task == "ranking" and answers.scores is not None:
            return {"score": _discounted_gain(answers.scores, target)}
        if definition.task == "anomaly-detection":
            return {"score": float(np.mean([hits[target == kind].mean() for kind in np.unique(target)]))}
        return {"score": float(np.mean(hits))}
    squares = (target - np.asarray(answers.values, dtype=np.float64)) ** 2
    spread = (target - target.mean()) ** 2
    # R² has no value when all targets are equal; scikit-learn's r2_score then says 1 for no error, else 0.
    score = 1.0 - squares.sum() / spread.sum() if spread.any() else float(not squares.any())
    return {"score": float(score), "rmse": float(np.sqrt(squares.mean()))}


def _discounted_gain(scores: np.ndarray, target: np.ndarray) -> float:
    """NDCG@10 (Järvelin and Kekäläinen 2002) where one item is right in each row; the first of equal scores leads."""
    own = np.take_along_axis(scores, target[:, None], axis=1)
    before = (scores == own) & (np.arange(scores.shape[1]) < target[:, None])
    rank = (scores > own).sum(axis=1) + before.sum(axis=1)
    return float(np.where(rank < 10, 1 / np.log2(rank + 2), 0.0).mean())


def print_figures(**figures: float) -> None:
    """Print ``name=value`` pairs on one line, six digits each and never with an exponent.

    Of hosts that train together only the first does: SageMaker reads the logs of all.
    """
    if not is_first_host():
        return
    print(" ".join(f"{name}={_digits(value)}" for name, value in figures.items()), flush=True)


def print_note(text: str) -> None:
    """Print a line for people."""
    print(f"note: {text}", flush=True)


def _digits(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    return np.format_float_positional(value, precision=6, fractional=False, trim="0")
