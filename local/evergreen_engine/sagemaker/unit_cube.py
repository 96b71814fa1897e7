"""A search space as points of the unit cube, for searches that measure distances."""

from collections.abc import Iterator

import numpy as np

from evergreen_engine.sagemaker.search_space import ChoiceRange, SearchSpace, Tuned


class UnitCube:
    """One dimension for each number, its scaled fraction, and one for each value of a choice, 1 for the chosen."""

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self.dimensions = len(space.numbers) + sum(len(choice.values) for choice in space.choices)

    def _choices(self) -> Iterator[tuple[ChoiceRange, slice]]:
        start = len(self._space.numbers)
        for choice in self._space.choices:
            yield choice, slice(start, start + len(choice.values))
            start += len(choice.values)

    def tuned_at(self, point: np.ndarray) -> Tuned:
        tuned = {number.name: number.at(float(fraction)) for number, fraction in zip(self._space.numbers, point, strict=False)}
        return tuned | {choice.name: choice.values[point[part].argmax()] for choice, part in self._choices()}

    def point_of(self, tuned: Tuned) -> np.ndarray:
        numbers = [number.fraction_of(tuned[number.name]) for number in self._space.numbers]
        choices = [value == tuned[choice.name] for choice in self._space.choices for value in choice.values]
        return np.array([*numbers, *choices], dtype=float)

    def snap(self, points: np.ndarray) -> np.ndarray:
        """Points that can be tried, each near to the given one: with whole numbers, and one value of each choice."""
        snapped = points.copy()
        for place, number in enumerate(self._space.numbers):
            if number.is_integer:
                snapped[:, place] = [number.fraction_of(number.at(float(fraction))) for fraction in points[:, place]]
        for choice, part in self._choices():
            snapped[:, part] = np.eye(len(choice.values))[points[:, part].argmax(axis=1)]
        return snapped
