"""Which hyperparameters to try next: grid, random and Bayesian search over SageMaker's ranges."""

import itertools
import random
from abc import ABC, abstractmethod
from typing import Any

from evergreen_engine.sagemaker.search_space import SearchSpace, Tuned


class SearchStrategy(ABC):
    """Asked for trials, told their values; `maximise` says which direction is better."""

    @abstractmethod
    def ask(self) -> tuple[Any, Tuned] | None:
        """Next trial as (handle, hyperparameters); None when there is nothing left to try."""

    def tell(self, handle: Any, value: float | None) -> None:
        """Objective of a finished trial; None when it failed."""

    def learn(self, tuned: Tuned, value: float) -> None:
        """Take in a trial of an earlier search over the same ranges."""


class GridSearch(SearchStrategy):
    def __init__(self, space: SearchSpace) -> None:
        self._combinations = itertools.product(*(choice.values for choice in space.choices))
        self._names = [choice.name for choice in space.choices]

    def ask(self) -> tuple[Any, Tuned] | None:
        values = next(self._combinations, None)
        return None if values is None else (None, dict(zip(self._names, values, strict=True)))


class RandomSearch(SearchStrategy):
    def __init__(self, space: SearchSpace, seed: int | None) -> None:
        self._space, self._random = space, random.Random(seed)

    def ask(self) -> tuple[Any, Tuned] | None:
        tuned = {number.name: number.at(self._random.random()) for number in self._space.numbers}
        return None, tuned | {choice.name: self._random.choice(choice.values) for choice in self._space.choices}


def make_strategy(name: str, space: SearchSpace, seed: int | None, maximise: bool) -> SearchStrategy:
    """The strategy SageMaker calls `name`."""
    if name == "Grid":
        return GridSearch(space)
    if name == "Random":
        return RandomSearch(space, seed)
    # Imported here: SciPy and scikit-learn take a second, and nothing else of the engine needs them.
    from evergreen_engine.sagemaker.bayesian_search import BayesianSearch

    return BayesianSearch(space, seed, maximise)
