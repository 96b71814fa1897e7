"""Texts held against a pattern of a definition as a whole: letter by letter, in time that grows with their length alone.

Java's own expressions mean something else here and there, go back on what they read, and end a job on a long text. Without Spark.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from functools import lru_cache
from typing import Any

# Of states and of ways between them; beyond, all are forgotten and found anew.
_MOST_KNOWN = 20_000
_WORD = frozenset("0123456789_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


@lru_cache(maxsize=64)
def machine_of(program: str) -> Machine:
    """The machine of a program in JSON: one for each process, which knows what texts led to."""
    return Machine(json.loads(program))


class Machine:
    """The steps that a program can stand at, found as texts lead there (Thompson's simulation, with its states kept)."""

    def __init__(self, program: dict[str, Any]) -> None:
        self.steps = program["steps"]
        self.letters = program["letters"]
        self._states: dict[tuple[frozenset[int], str], State] = {}
        self._known = 0
        self._first = self.state(frozenset([program["first"]]), "start")

    def accepts(self, text: str) -> bool:
        state = self._first
        for letter in text:
            state = state[letter]
        return state.is_end()

    def state(self, heads: frozenset[int], before: str) -> State:
        self._known += 1
        if self._known > _MOST_KNOWN:
            self._known = 0
            self._states.clear()
            self._first.clear()
        found = self._states.get((heads, before))
        if found is None:
            found = self._states[heads, before] = State(self, heads, before)
        return found

    def reached(self, heads: frozenset[int], before: str, after: str) -> set[int]:
        """Steps that are reached without a letter, between what came before and what comes after."""
        holds = {"start": before == "start", "end": after == "end", "boundary": (before == "word") != (after == "word"),
                 "no boundary": (before == "word") == (after == "word")}
        found, open_ = set(heads), list(heads)
        while open_:
            step = self.steps[open_.pop()]
            nexts = step.get("either") or ([step["next"]] if holds.get(step.get("place")) else [])
            open_.extend(next_ for next_ in nexts if next_ not in found)
            found.update(nexts)
        return found

    def holds(self, place: int, letter: str) -> bool:
        ranges = self.letters[place]
        index = bisect_right(ranges, ord(letter))
        # Both ends of a range belong to it.
        return index % 2 == 1 or (index > 0 and ranges[index - 1] == ord(letter))


class State(dict):
    """Where a program can stand after a text, and by letter where it can stand next."""

    __slots__ = ("_machine", "_heads", "_before", "_is_end")

    def __init__(self, machine: Machine, heads: frozenset[int], before: str) -> None:
        self._machine, self._heads, self._before = machine, heads, before
        self._is_end: bool | None = None

    def __missing__(self, letter: str) -> State:
        machine, kind = self._machine, "word" if letter in _WORD else "other"
        nexts = frozenset(step["next"] for step in map(machine.steps.__getitem__, machine.reached(self._heads, self._before, kind))
                          if "letters" in step and machine.holds(step["letters"], letter))
        self[letter] = found = machine.state(nexts, kind)
        return found

    def is_end(self) -> bool:
        if self._is_end is None:
            steps = map(self._machine.steps.__getitem__, self._machine.reached(self._heads, self._before, "end"))
            self._is_end = any("ends" in step for step in steps)
        return self._is_end
