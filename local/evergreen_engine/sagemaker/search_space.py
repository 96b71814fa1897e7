"""What a tuning job searches: SageMaker's ranges."""

import math
from dataclasses import dataclass
from typing import Any

from evergreen_engine.sagemaker.errors import validation_error

Tuned = dict[str, str]


@dataclass(frozen=True)
class NumberRange:
    """A continuous or integer range in one of SageMaker's scalings.

    ``Auto`` is logarithmic when the range is positive and spans three decades or more, else linear.
    ``ReverseLogarithmic`` resolves values close to 1 finely; it needs a range inside [0, 1).
    """

    name: str
    low: float
    high: float
    is_integer: bool
    scaling: str

    @property
    def is_logarithmic(self) -> bool:
        return self.scaling == "Logarithmic" or (self.scaling == "Auto" and self.low > 0 and self.high / self.low >= 1000)

    def check(self) -> None:
        if self.low > self.high:
            raise validation_error(f"MinValue {self.low} of {self.name} is greater than MaxValue {self.high}.")
        if self.scaling == "Logarithmic" and self.low <= 0:
            raise validation_error(f"MinValue of {self.name} must be greater than 0 for logarithmic scaling.")
        if self.scaling == "ReverseLogarithmic" and (self.is_integer or self.low < 0 or self.high >= 1):
            raise validation_error(f"{self.name} must be a continuous range inside [0, 1) for reverse logarithmic scaling.")

    def at(self, fraction: float) -> str:
        """Value at `fraction` (0 to 1) of the scaled range, as SageMaker passes it."""
        if self.is_logarithmic:
            value = math.exp(math.log(self.low) + fraction * (math.log(self.high) - math.log(self.low)))
        elif self.scaling == "ReverseLogarithmic":
            near, far = math.log(1 - self.high), math.log(1 - self.low)
            value = 1 - math.exp(far + fraction * (near - far))
        else:
            value = self.low + fraction * (self.high - self.low)
        value = min(max(value, self.low), self.high)
        return str(round(value)) if self.is_integer else repr(value)

    def fraction_of(self, text: str) -> float:
        """Where a value lies in the scaled range: the inverse of `at`, to the rounding of an integer."""
        value = min(max(float(text), self.low), self.high)
        if self.low == self.high:
            return 0.0
        if self.is_logarithmic:
            return (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        if self.scaling == "ReverseLogarithmic":
            near, far = math.log(1 - self.high), math.log(1 - self.low)
            return (far - math.log(1 - value)) / (far - near)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class ChoiceRange:
    name: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class SearchSpace:
    numbers: tuple[NumberRange, ...]
    choices: tuple[ChoiceRange, ...]

    @classmethod
    def from_request(cls, ranges: dict[str, Any]) -> "SearchSpace":
        """Read ``ParameterRanges``; raises ``ValidationException`` for ranges that cannot be searched."""
        numbers = tuple(
            NumberRange(item["Name"], _number(item, "MinValue"), _number(item, "MaxValue"), kind == "Integer", item.get("ScalingType", "Auto"))
            for kind in ("Integer", "Continuous") for item in ranges.get(f"{kind}ParameterRanges") or [])
        choices = tuple(ChoiceRange(item["Name"], tuple(item["Values"])) for item in ranges.get("CategoricalParameterRanges") or [])
        for number in numbers:
            number.check()
        names = [item.name for item in (*numbers, *choices)]
        if not names or len(names) != len(set(names)):
            raise validation_error("ParameterRanges must hold at least one range and each name once.")
        return cls(numbers, choices)


def _number(item: dict[str, str], member: str) -> float:
    try:
        return float(item[member])
    except ValueError as error:
        raise validation_error(f"{member} {item[member]} of {item['Name']} is not a number.") from error
