"""How wrong outputs are, row by row, and which way they would have to move."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Loss(Protocol):
    """What a loss gives; `name` is the one of the learning curve."""

    name: str

    def of(self, outputs: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Loss of each row, shape (n,), and its derivative by the outputs, shape (n, outputs)."""
        ...


class SquaredError:
    """Half the squared difference; its derivative is the difference itself."""

    name = "mean squared error"

    def of(self, outputs: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Outputs of shape (n, 1) against numbers of shape (n,)."""
        difference = outputs - target[:, None]
        return 0.5 * difference[:, 0] ** 2, difference


class CrossEntropy:
    """Minus the logarithm of the probability of the true class, in nats.

    Two classes share one output, the logit of the second (logistic regression); more have one each (softmax
    regression). So the l2 penalty is that of scikit-learn in both cases.
    """

    name = "log loss"

    def of(self, outputs: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Outputs of shape (n, 1) or (n, classes) against positions of the true classes, shape (n,)."""
        logs = log_softmax(outputs)
        rows = np.arange(len(target))
        slope = np.exp(logs)
        slope[rows, target] -= 1.0
        return -logs[rows, target], slope[:, 1:] if outputs.shape[1] == 1 else slope


def log_softmax(outputs: np.ndarray) -> np.ndarray:
    """Logarithms of the probabilities, shape (n, classes); one output stands for two classes."""
    if outputs.shape[1] == 1:
        outputs = np.hstack([np.zeros_like(outputs), outputs])
    # The greatest is taken off first, so that no exponential overflows.
    lifted = outputs - outputs.max(axis=1, keepdims=True)
    return lifted - np.log(np.exp(lifted).sum(axis=1, keepdims=True))
