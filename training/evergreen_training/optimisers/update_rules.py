"""What one step does with a gradient. Batch, mini-batch and stochastic descent differ in the rows, not in the rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

# Keeps a division by a root away from 0.
_EPSILON = 1e-8


class UpdateRule(Protocol):
    """A rule with its memory; make a new one for each descent."""

    learning_rate: float

    def step(self, parameters: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        """The parameters after one step."""
        ...


class GradientDescent:
    """Straight down: parameters - learning_rate * gradient (Cauchy 1847)."""

    def __init__(self, learning_rate: float = 0.1) -> None:
        self.learning_rate = learning_rate

    def step(self, parameters: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        return parameters - self.learning_rate * gradient


class Momentum:
    """A ball with inertia: speed carries over from step to step (Polyak 1964)."""

    def __init__(self, learning_rate: float = 0.05, momentum: float = 0.9) -> None:
        self.learning_rate, self.momentum = learning_rate, momentum
        self._speed: np.ndarray | float = 0.0

    def step(self, parameters: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        self._speed = self.momentum * self._speed - self.learning_rate * gradient
        return parameters + self._speed


class AdaGrad:
    """Smaller steps where gradients have been large ever since (Duchi, Hazan and Singer 2011)."""

    def __init__(self, learning_rate: float = 0.1) -> None:
        self.learning_rate = learning_rate
        self._squares: np.ndarray | float = 0.0

    def step(self, parameters: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        self._squares = self._squares + gradient**2
        return parameters - self.learning_rate * gradient / (np.sqrt(self._squares) + _EPSILON)


class RMSprop:
    """AdaGrad that forgets: a running mean of squares in place of their sum (Tieleman and Hinton 2012)."""

    def __init__(self, learning_rate: float = 0.01, decay: float = 0.9) -> None:
        self.learning_rate, self.decay = learning_rate, decay
        self._squares: np.ndarray | float = 0.0

    def step(self, parameters: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        self._squares = self.decay * self._squares + (1.0 - self.decay) * gradient**2
        return parameters - self.learning_rate * gradient / (np.sqrt(self._squares) + _EPSILON)


class Adam:
    """Momentum over RMSprop, both corrected for their start at 0 (Kingma and Ba 2015, algorithm 1)."""

    def __init__(self, learning_rate: float = 0.01, beta_1: float = 0.9, beta_2: float = 0.999) -> None:
        self.learning_rate, self.beta_1, self.beta_2 = learning_rate, beta_1, beta_2
        self._mean: np.ndarray | float = 0.0
        self._squares: np.ndarray | float = 0.0
        self._steps = 0

    def step(self, parameters: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        self._steps += 1
        self._mean = self.beta_1 * self._mean + (1.0 - self.beta_1) * gradient
        self._squares = self.beta_2 * self._squares + (1.0 - self.beta_2) * gradient**2
        mean = self._mean / (1.0 - self.beta_1**self._steps)
        squares = self._squares / (1.0 - self.beta_2**self._steps)
        return parameters - self.learning_rate * mean / (np.sqrt(squares) + _EPSILON)


UPDATE_RULES: dict[str, Callable[..., UpdateRule]] = {
    "sgd": GradientDescent,
    "momentum": Momentum,
    "rmsprop": RMSprop,
    "adagrad": AdaGrad,
    "adam": Adam,
}


def make_rule(name: str, learning_rate: float | None) -> UpdateRule:
    """A fresh rule by name, with its own learning rate unless one is given."""
    return UPDATE_RULES[name]() if learning_rate is None else UPDATE_RULES[name](learning_rate)
