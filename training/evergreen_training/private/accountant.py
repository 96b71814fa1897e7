"""What a noisy descent tells about any one row, as epsilon at a given delta.

Rényi differential privacy of the subsampled Gaussian mechanism: each step takes every row with probability q, clips its
gradient to length 1 and adds Gaussian noise of deviation sigma. Two datasets are neighbours when one has one row more.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, gammasgn, log_ndtr, logsumexp

ORDERS = np.concatenate([1 + np.arange(1, 100) / 10, np.arange(12, 64), [80, 128, 256, 512, 1024]])
_MOST_NOISE = 1e4


def renyi_divergence(q: float, sigma: float, order: float) -> float:
    """Rényi divergence of one step, of an order above 1.

    Mironov, Talwar and Zhang (2019), "Rényi Differential Privacy of the Sampled Gaussian Mechanism", section 3.3: the
    binomial sum for whole orders, else the two series on either side of the point where the mixture's halves meet.
    """
    if q == 0:
        return 0.0
    if q == 1:
        return order / (2 * sigma**2)
    log_a = _whole(q, sigma, int(order)) if float(order).is_integer() else _fractional(q, sigma, order)
    return max(0.0, log_a / (order - 1))


def _whole(q: float, sigma: float, order: int) -> float:
    k = np.arange(order + 1)
    terms = _log_binomial(order, k) + k * np.log(q) + (order - k) * np.log1p(-q) + (k * k - k) / (2 * sigma**2)
    return float(logsumexp(terms))


def _fractional(q: float, sigma: float, order: float) -> float:
    meeting = sigma**2 * np.log(1 / q - 1) + 0.5
    count = int(order) + 64
    while True:
        i = np.arange(count)
        j = order - i
        signs = gammasgn(order - i + 1)
        below = i * np.log(q) + j * np.log1p(-q) + (i * i - i) / (2 * sigma**2) + log_ndtr((meeting - i) / sigma)
        above = j * np.log(q) + i * np.log1p(-q) + (j * j - j) / (2 * sigma**2) + log_ndtr((j - meeting) / sigma)
        terms = _log_binomial(order, i) + np.logaddexp(below, above)
        total = float(logsumexp(terms, b=signs))
        # The series alternates and falls from the order on, so the last term bounds what is left out.
        if terms[-1] < total - 30 or count > 100_000:
            return total
        count *= 2


def _log_binomial(order: float, k: np.ndarray) -> np.ndarray:
    return gammaln(order + 1) - gammaln(k + 1) - gammaln(order - k + 1)


def epsilon_of(divergences: np.ndarray, delta: float, orders: np.ndarray = ORDERS) -> float:
    """The least epsilon at `delta` that the divergences of all orders allow.

    Canonne, Kamath and Steinke (2020), "The Discrete Gaussian for Differential Privacy", proposition 12, which is never
    above Mironov's (2017) proposition 3.
    """
    found = divergences + np.log1p(-1 / orders) - np.log(delta * orders) / (orders - 1)
    return float(max(0.0, np.min(found)))


def epsilon_spent(q: float, sigma: float, steps: int, delta: float) -> float:
    """Epsilon after some steps; divergences of steps add up (Mironov 2017, proposition 1)."""
    one = np.array([renyi_divergence(q, sigma, order) for order in ORDERS])
    return epsilon_of(steps * one, delta)


def noise_for(epsilon: float, delta: float, q: float, steps: int) -> float:
    """The least noise multiplier sigma, to a thousandth, that spends at most `epsilon`.

    Raises
    ------
    ValueError
        When no reasonable noise is enough.
    """
    low, high = 0.0, 1.0
    while epsilon_spent(q, high, steps, delta) > epsilon:
        low, high = high, 2 * high
        if high > _MOST_NOISE:
            raise ValueError(f"no noise makes {steps} steps spend as little as an epsilon of {epsilon:g}")
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if epsilon_spent(q, middle, steps, delta) <= epsilon else (middle, high)
    return high
