"""Replace functions of MiniStack in one visible, checked place.

Every replacement is declared with `@replaces("module:function")` on a builder that receives the
upstream function and returns the new one. Nothing is changed until `apply_replacements`, which
first proves that each upstream function still exists and still takes the same parameters: after
an upgrade of MiniStack a moved function is one clear message, not a patch that quietly does nothing.
"""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Function = Callable[..., Any]


class UpstreamChanged(RuntimeError):
    """MiniStack no longer looks as the plug-in expects."""


@dataclass(frozen=True)
class Replacement:
    """A function, or a method written ``Class.method``, of a module."""

    module: str
    name: str
    build: Callable[[Function], Function]

    @property
    def target(self) -> str:
        return f"{self.module}:{self.name}"

    def _owner(self) -> Any:
        owner = importlib.import_module(self.module)
        for part in self.name.split(".")[:-1]:
            owner = getattr(owner, part, None)
        return owner

    def current(self) -> Any:
        return getattr(self._owner(), self.name.split(".")[-1], None)

    def put(self, function: Function) -> None:
        setattr(self._owner(), self.name.split(".")[-1], function)


_declared: list[Replacement] = []


def replaces(target: str) -> Callable[[Callable[[Function], Function]], Callable[[Function], Function]]:
    """Declare a replacement of an upstream function.

    Parameters
    ----------
    target : str
        ``module:function`` or ``module:Class.method``, for instance ``ministack.services.sqs:_send``.
    """
    module, name = target.split(":")

    def declare(build: Callable[[Function], Function]) -> Callable[[Function], Function]:
        _declared.append(Replacement(module, name, build))
        return build

    return declare


def _parameter_names(function: Function) -> list[str]:
    return list(inspect.signature(function).parameters)


def _problem_with(replacement: Replacement) -> tuple[str | None, Function | None]:
    upstream = replacement.current()
    if not callable(upstream):
        return f"{replacement.target} is gone", None
    new = replacement.build(upstream)
    expected, found = _parameter_names(new), _parameter_names(upstream)
    takes_anything = expected and inspect.signature(new).parameters[expected[0]].kind is inspect.Parameter.VAR_POSITIONAL
    if not takes_anything and expected != found:
        return f"{replacement.target} takes {found}, expected {expected}", None
    return None, new


def apply_replacements() -> int:
    """Install every declared replacement, or none.

    Returns
    -------
    int
        How many functions were replaced.

    Raises
    ------
    UpstreamChanged
        If an upstream function is missing or takes other parameters.
    """
    problems, ready = [], []
    # One builder at a time: two replacements of the same function stack in declaration order.
    for replacement in _declared:
        problem, new = _problem_with(replacement)
        if problem:
            problems.append(problem)
        else:
            ready.append((replacement, replacement.current()))
            replacement.put(new)
    if problems:
        for replacement, upstream in reversed(ready):
            replacement.put(upstream)
        raise UpstreamChanged("this MiniStack does not fit the plug-in: " + "; ".join(problems)
                              + "; install the pinned release of local/requirements.txt")
    return len(ready)


def require_attributes(module: str, *names: str) -> None:
    """Raise `UpstreamChanged` unless `module` has all `names` (things we use but do not replace)."""
    found = importlib.import_module(module)
    missing = [name for name in names if not hasattr(found, name)]
    if missing:
        raise UpstreamChanged(f"{module} no longer has {', '.join(missing)}; "
                              "install the pinned release of local/requirements.txt")
