"""The vote by which a support vector machine decides between more than two classes, as Python counts it.

Source: Chang and Lin, LIBSVM: A Library for Support Vector Machines, ACM TIST 2011.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# Decision values this close to 0 count as being on the border. libsvm and the ONNX graph add up in different orders,
# and rows of symmetrical data do lie exactly between two classes.
BORDER = 1e-9


def is_svc(estimator: Any) -> bool:
    """Whether an estimator is scikit-learn's SVC, deciding one against one and without scores."""
    return type(estimator).__name__ == "SVC" and estimator.decision_function_shape == "ovo"


def pairs_of(classes: int) -> tuple[list[int], list[int]]:
    """The two classes of each of libsvm's decision values, in its order: who gets the vote above 0, and who else."""
    pairs = [(first, second) for first in range(classes) for second in range(first + 1, classes)]
    return [first for first, _ in pairs], [second for _, second in pairs]


def count_votes(estimator: Any, prepared: np.ndarray) -> np.ndarray:
    """The class of each row, shape (n,)."""
    classes = estimator.classes_
    decisions = estimator.decision_function(prepared)
    # With two classes scikit-learn turns libsvm's sign around.
    decisions = -decisions.reshape(-1, 1) if len(classes) == 2 else decisions
    winners, losers = pairs_of(len(classes))
    wins = decisions > BORDER
    votes = wins @ np.eye(len(classes))[winners] + ~wins @ np.eye(len(classes))[losers]
    return classes[votes.argmax(axis=1)]
