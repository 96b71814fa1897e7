"""DP-SGD for linear models: clip what each row says, add noise, step.

Abadi et al. (2016), "Deep Learning with Differential Privacy", algorithm 1, with batches drawn as the
accountant assumes.
"""

from __future__ import annotations

import numpy as np

from ..optimisers.losses import Loss
from ..optimisers.network import Network
from ..optimisers.update_rules import UpdateRule


def descend_privately(
    network: Network,
    loss: Loss,
    l2: float,
    train: tuple[np.ndarray, np.ndarray],
    rule: UpdateRule,
    sample_rate: float,
    steps: int,
    clip_norm: float,
    noise_multiplier: float,
    random: np.random.Generator,
) -> np.ndarray:
    """Take a fixed number of noisy steps; nothing about the rows decides when it ends.

    Parameters
    ----------
    network : Network
        Without hidden layers.
    loss, l2
        As of `optimisers.descent.Objective`; the penalty looks at no row and is neither clipped nor noisy.
    train : (X, target)
    rule : UpdateRule
    sample_rate : float
        Probability with which a step looks at a row, each row for itself (Poisson sampling).
    steps : int
    clip_norm : float
        Greatest length of a row's gradient.
    noise_multiplier : float
        Deviation of the noise on the sum of gradients, in units of `clip_norm`.
    random : numpy.random.Generator
        Must not be seeded with anything known, or the noise could be taken off again.
    """
    X, target = train
    parameters = network.begin(random)
    expected = sample_rate * len(target)
    for _ in range(steps):
        rows = random.random(len(target)) < sample_rate
        summed = clipped_sum(network, loss, parameters, X[rows], target[rows], clip_norm)
        noise = random.normal(0.0, noise_multiplier * clip_norm, len(parameters))
        parameters = rule.step(parameters, (summed + noise) / expected + network.penalty(parameters, l2)[1])
    return parameters


def clipped_sum(
    network: Network, loss: Loss, parameters: np.ndarray, X: np.ndarray, target: np.ndarray, clip_norm: float
) -> np.ndarray:
    """Sum over rows of their gradients, each shortened to `clip_norm` where it is longer.

    In a linear model a row's gradient is the outer product of the row, with a 1 for the intercept, and the slope of its
    loss. So its length is the product of theirs and no gradient of a single row is ever written out (Goodfellow 2015).
    """
    values = network.forward(parameters, X)
    _, slope = loss.of(values[-1], target)
    lengths = np.sqrt(((X**2).sum(axis=1) + 1.0) * (slope**2).sum(axis=1))
    factors = np.minimum(1.0, clip_norm / np.maximum(lengths, 1e-300))
    return network.backward(parameters, values, slope * factors[:, None])
