"""Linear regression without steps."""

from __future__ import annotations

import numpy as np

from ..hosts import ALONE, Hosts


def least_squares(X: np.ndarray, target: np.ndarray, l2: float, hosts: Hosts = ALONE) -> np.ndarray:
    """Parameters of least mean squared error, from the normal equations (Gauss 1809, Hoerl and Kennard 1970).

    With centred columns the intercept drops out, and the weights w solve (X'X + n l2 I) w = X'y. Where columns depend
    on each other and l2 is 0 the solution of least norm is taken, as by scikit-learn's LinearRegression.

    Parameters
    ----------
    X : ndarray of float64, shape (n, d)
    target : ndarray of float64, shape (n,)
    l2 : float
        As in `descent.Objective`; scikit-learn's Ridge calls n times as much alpha.
    hosts : Hosts
        X'X and X'y are sums over rows, so each host adds up its share.

    Returns
    -------
    ndarray of float64, shape (d + 1,)
        Weights, then the intercept.
    """
    count, width = X.shape
    middle, level = X.mean(axis=0), target.mean()
    own = hosts.share(np.arange(count))
    centred, wanted = X[own] - middle, target[own] - level
    sums = hosts.add_up(np.concatenate([(centred.T @ centred).ravel(), centred.T @ wanted]))
    products = sums[: width * width].reshape(width, width)
    products[np.diag_indices(width)] += count * l2
    weights = np.linalg.lstsq(products, sums[width * width :], rcond=None)[0]
    return np.append(weights, level - middle @ weights)
