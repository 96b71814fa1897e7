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


class BayesianSearch(SearchStrategy):
    """Tree-structured Parzen estimator (optuna); SageMaker's own uses Gaussian processes."""

    def __init__(self, space: SearchSpace, seed: int | None, maximise: bool) -> None:
        import optuna

        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._space, self._failed = space, optuna.trial.TrialState.FAIL
        sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True, n_startup_trials=5)
        self._study = optuna.create_study(direction="maximize" if maximise else "minimize", sampler=sampler)
        self._known, self._distributions = optuna.trial.create_trial, {
            **{number.name: optuna.distributions.FloatDistribution(0.0, 1.0) for number in space.numbers},
            **{choice.name: optuna.distributions.CategoricalDistribution(choice.values) for choice in space.choices}}

    def ask(self) -> tuple[Any, Tuned] | None:
        trial = self._study.ask()
        # Searched in the scaled fraction, so that every scaling works alike.
        tuned = {number.name: number.at(trial.suggest_float(number.name, 0.0, 1.0)) for number in self._space.numbers}
        return trial, tuned | {choice.name: trial.suggest_categorical(choice.name, choice.values) for choice in self._space.choices}

    def tell(self, handle: Any, value: float | None) -> None:
        if value is None:
            self._study.tell(handle, state=self._failed)
        else:
            self._study.tell(handle, value)

    def learn(self, tuned: Tuned, value: float) -> None:
        params = {number.name: number.fraction_of(tuned[number.name]) for number in self._space.numbers}
        params |= {choice.name: tuned[choice.name] for choice in self._space.choices}
        self._study.add_trial(self._known(params=params, distributions=self._distributions, value=value))


def make_strategy(name: str, space: SearchSpace, seed: int | None, maximise: bool) -> SearchStrategy:
    """The strategy SageMaker calls `name`."""
    if name == "Grid":
        return GridSearch(space)
    return RandomSearch(space, seed) if name == "Random" else BayesianSearch(space, seed, maximise)
