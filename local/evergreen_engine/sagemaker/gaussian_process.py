"""Where to look next in the unit cube: a Gaussian process over what was seen, and the point that promises most.

Source: Snoek, Larochelle and Adams, "Practical Bayesian Optimization of Machine Learning Algorithms" (NeurIPS 2012):
Matérn 5/2 with a length for each dimension, expected improvement, trials under way believed to bring what is expected of
them ("kriging believer", Ginsbourger et al. 2010).
"""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

# Of the unit cube. Shorter ones explain anything with few points, longer ones are straight lines.
_LENGTHS = (0.05, 20.0)
_NOISE = (1e-6, 0.1)
# Points that are drawn at random, then around the best of them, ever closer.
_DRAWN, _KEPT, _NEAR = 2000, 10, 40
_CLOSENESS = (0.1, 0.03, 0.01, 0.003)

Snap = Callable[[np.ndarray], np.ndarray]


def propose(seen: np.ndarray, values: np.ndarray, under_way: np.ndarray, random: np.random.Generator, snap: Snap) -> np.ndarray:
    """The point with the greatest expected improvement.

    Parameters
    ----------
    seen : ndarray of shape (n, d)
        Points of the unit cube.
    values : ndarray of shape (n,)
        What was found there; the greater the better, not a number where the trial failed.
    under_way : ndarray of shape (m, d)
        Points whose values are still to come.
    random : Generator
    snap : callable
        Moves points (k, d) to the nearest that can be tried.

    Returns
    -------
    ndarray of shape (d,)
        One that was not tried before, as long as one can be found.
    """
    target = _standardised(values)
    model = _fit(seen, target)
    if len(under_way):
        target = np.concatenate([target, model.predict(under_way)])
        seen = np.concatenate([seen, under_way])
        model.optimizer = None
        model.kernel = model.kernel_
        model.fit(seen, target)
    best = target.max()
    points = _fresh(snap(random.random((_DRAWN, seen.shape[1]))), seen)
    # What is best so far is worth a closer look too.
    around = seen[np.argsort(-target)[:_KEPT]]
    for closeness in _CLOSENESS:
        steps = random.normal(0, closeness, (len(around), _NEAR, seen.shape[1]))
        # Some move along one dimension alone.
        steps[:, ::2] *= np.eye(seen.shape[1])[random.integers(0, seen.shape[1], (len(around), (_NEAR + 1) // 2))]
        near = np.clip(around[:, None] + steps, 0, 1).reshape(-1, seen.shape[1])
        points = np.concatenate([points, _fresh(snap(near), seen)])
        if not len(points):
            return snap(random.random((1, seen.shape[1])))[0]
        gain = _expected_improvement(model, points, best)
        order = np.argsort(-gain)[:_KEPT]
        points = around = points[order]
    return points[0]


def _standardised(values: np.ndarray) -> np.ndarray:
    """Mean 0 and deviation 1, with what is far below the middle brought nearer: how bad a bad place is tells little.
    A failure is as bad as the worst."""
    values = np.where(np.isfinite(values), values, values[np.isfinite(values)].min())
    middle, low = np.quantile(values, [0.5, 0.25])
    kept = np.maximum(values, middle - 3 * (middle - low)) if middle > low else values
    spread = kept.std()
    return (kept - kept.mean()) / (spread if spread > 0 else 1.0)


def _fit(seen: np.ndarray, target: np.ndarray) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    smooth = ConstantKernel(1.0, (0.05, 20.0)) * Matern(np.full(seen.shape[1], 0.3), _LENGTHS, nu=2.5)
    with warnings.catch_warnings():
        # A length at its limit is an answer.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return GaussianProcessRegressor(smooth + WhiteKernel(1e-3, _NOISE), random_state=0, n_restarts_optimizer=1).fit(seen, target)


def _fresh(points: np.ndarray, seen: np.ndarray) -> np.ndarray:
    distance = np.abs(points[:, None] - seen[None]).max(axis=2).min(axis=1)
    return points[distance > 1e-9]


def _expected_improvement(model: Any, points: np.ndarray, best: float) -> np.ndarray:
    from scipy.stats import norm

    mean, deviation = model.predict(points, return_std=True)
    deviation = np.maximum(deviation, 1e-12)
    better = (mean - best) / deviation
    return deviation * (better * norm.cdf(better) + norm.pdf(better))
