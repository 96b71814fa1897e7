"""The walk downhill: epochs of steps, and when to stop."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import JobError
from ..hosts import ALONE, Hosts
from .losses import Loss
from .network import Network
from .update_rules import UpdateRule

Part = tuple[np.ndarray, np.ndarray]

# A loss this many times that of the start does not come back.
_LOST = 1000.0


@dataclass(frozen=True)
class Objective:
    """What is made small: the mean loss of the rows plus l2 / 2 times the squared weights."""

    network: Network
    loss: Loss
    l2: float
    hosts: Hosts = ALONE

    def measure(self, parameters: np.ndarray, X: np.ndarray, target: np.ndarray) -> tuple[float, float, np.ndarray]:
        """Mean loss of some rows, the objective, and the objective's gradient.

        Each host adds up its share of the rows; the sums of all are the same as one host's, to rounding.
        """
        own = self.hosts.share(np.arange(len(target)))
        values = self.network.forward(parameters, X[own])
        losses, slope = self.loss.of(values[-1], target[own])
        sums = np.append(self.network.backward(parameters, values, slope), losses.sum())
        means = self.hosts.add_up(sums) / len(target)
        loss = float(means[-1])
        amount, pull = self.network.penalty(parameters, self.l2)
        return loss, loss + amount, means[:-1] + pull

    def mean_loss(self, parameters: np.ndarray, X: np.ndarray, target: np.ndarray) -> float:
        """Mean loss of some rows."""
        own = self.hosts.share(np.arange(len(target)))
        losses, _ = self.loss.of(self.network.forward(parameters, X[own])[-1], target[own])
        return float(self.hosts.add_up(np.array([losses.sum()]))[0]) / len(target)


@dataclass(frozen=True)
class Pace:
    """How long a descent goes on.

    Attributes
    ----------
    batch_size : int
        Rows a step looks at: 0 for all (batch gradient descent), 1 for stochastic, more for mini-batch descent.
    epochs : int
        Most passes over the rows.
    tol : float
        The descent has converged when no entry of the objective's gradient over all train rows is larger, or when the
        watched loss has not fallen by more than this for `patience` epochs in a row. Watched is the loss of the
        validation rows, without those the objective on the train rows.
    patience : int
    """

    batch_size: int
    epochs: int
    tol: float
    patience: int


@dataclass
class Curve:
    """Losses after each epoch.

    Attributes
    ----------
    loss : str
        Name of the loss; both are means over rows, without the penalty.
    points : list of dict
        ``epoch``, ``trainLoss`` and ``validationLoss``, None without validation rows.
    ended : str
        ``converged``, ``early stopping`` or ``epochs``.
    """

    loss: str
    points: list[dict[str, Any]] = field(default_factory=list)
    ended: str = "epochs"


def descend(
    objective: Objective,
    parameters: np.ndarray,
    train: Part,
    held: Part | None,
    rule: UpdateRule,
    pace: Pace,
    random: np.random.Generator,
    watch: Callable[[dict[str, Any]], None] = lambda point: None,
) -> tuple[np.ndarray, Curve]:
    """Walk until converged, out of patience, or out of epochs.

    Parameters
    ----------
    objective : Objective
    parameters : ndarray
        Where to start.
    train, held : (X, target)
        Rows to learn from, and rows that are only watched. With the latter the parameters of the epoch at which their
        loss was least are given back.
    rule : UpdateRule
    pace : Pace
    random : numpy.random.Generator
        Shuffles the rows before each epoch.
    watch : callable
        Given each point of the curve as it comes.

    Raises
    ------
    JobError
        When it diverges: the objective is no number, or a thousand times what it was at the start.
    """
    X, target = train
    curve, best, kept, waited = Curve(objective.loss.name), math.inf, parameters, 0
    _, begun, gradient = objective.measure(parameters, X, target)
    for epoch in range(1, pace.epochs + 1):
        # Overflow on the way down is what the check below reports.
        with np.errstate(over="ignore", invalid="ignore"):
            parameters = walk_one_epoch(objective, parameters, train, gradient, rule, pace.batch_size, random)
            loss, height, gradient = objective.measure(parameters, X, target)
            held_loss = None if held is None else objective.mean_loss(parameters, *held)
        if not math.isfinite(height) or height > _LOST * max(begun, 1.0):
            raise JobError(_divergence(epoch, begun, height, rule))
        point = {"epoch": epoch, "trainLoss": loss, "validationLoss": held_loss}
        curve.points.append(point)
        watch(point)
        watched = height if held_loss is None else held_loss
        waited = 0 if watched < best - pace.tol else waited + 1
        if watched < best:
            best, kept = watched, parameters
        if np.abs(gradient).max() <= pace.tol:
            curve.ended = "converged"
            break
        if waited >= pace.patience:
            curve.ended = "converged" if held is None else "early stopping"
            break
    return kept, curve


def walk_one_epoch(
    objective: Objective,
    parameters: np.ndarray,
    train: Part,
    gradient: np.ndarray,
    rule: UpdateRule,
    batch_size: int,
    random: np.random.Generator,
) -> np.ndarray:
    """The parameters after one pass over the rows; `gradient` is the objective's over all of them."""
    X, target = train
    if batch_size == 0 or batch_size >= len(target):
        return rule.step(parameters, gradient)
    order = random.permutation(len(target))
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        parameters = rule.step(parameters, objective.measure(parameters, X[rows], target[rows])[2])
    return parameters


def _divergence(epoch: int, begun: float, height: float, rule: UpdateRule) -> str:
    rate = rule.learning_rate
    return (
        f"training diverged in epoch {epoch}: the loss went from {begun:.4g} to {height:.4g} with a learning_rate of "
        f"{rate:g}; set a learning_rate of {rate / 10:g} or less, and leave scale on"
    )
