"""Bayesian search: places spread out first, then those that promise most."""

from typing import Any

import numpy as np
from scipy.stats import qmc

from evergreen_engine.sagemaker.gaussian_process import propose
from evergreen_engine.sagemaker.search_space import SearchSpace, Tuned
from evergreen_engine.sagemaker.search_strategy import SearchStrategy
from evergreen_engine.sagemaker.unit_cube import UnitCube

# Trials before the first that a model chooses, those of earlier searches among them.
_LEAST_TRIALS = 6
_MOST_DRAWS = 50


class BayesianSearch(SearchStrategy):
    """A Gaussian process over the scaled ranges, as SageMaker's."""

    def __init__(self, space: SearchSpace, seed: int | None, maximise: bool) -> None:
        self._cube, self._sign = UnitCube(space), 1.0 if maximise else -1.0
        self._random = np.random.default_rng(seed)
        self._spread = qmc.Sobol(self._cube.dimensions, rng=self._random)
        self._seen: list[np.ndarray] = []
        self._values: list[float] = []
        self._under_way: dict[int, np.ndarray] = {}
        self._asked = 0

    def ask(self) -> tuple[Any, Tuned] | None:
        handle, self._asked = self._asked, self._asked + 1
        self._under_way[handle] = point = self._next_point()
        return handle, self._cube.tuned_at(point)

    def _next_point(self) -> np.ndarray:
        if np.isfinite(self._values).sum() + len(self._under_way) < _LEAST_TRIALS or not np.isfinite(self._values).any():
            return self._spread_point()
        under_way = np.reshape(list(self._under_way.values()), (-1, self._cube.dimensions))
        return propose(np.array(self._seen), np.array(self._values), under_way, self._random, self._cube.snap)

    def _spread_point(self) -> np.ndarray:
        """The next of a sequence that fills the cube evenly; one not tried before, when a few draws bring one."""
        known = [*self._seen, *self._under_way.values()]
        for _ in range(_MOST_DRAWS):
            point = self._cube.snap(self._spread.random(1))[0]
            if not any(np.array_equal(point, other) for other in known):
                break
        return point

    def tell(self, handle: Any, value: float | None) -> None:
        self._note(self._under_way.pop(handle), np.nan if value is None else value)

    def learn(self, tuned: Tuned, value: float) -> None:
        self._note(self._cube.point_of(tuned), value)

    def _note(self, point: np.ndarray, value: float) -> None:
        self._seen.append(point)
        self._values.append(self._sign * value)
