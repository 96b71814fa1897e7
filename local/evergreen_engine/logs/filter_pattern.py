"""CloudWatch Logs filter patterns: JSON selectors, plain terms.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
"""

import functools
import json
import operator
import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any

Matcher = Callable[[str], bool]

_TOKEN = re.compile(r"""\s*(?:(?P<name>\$[\w.\[\]*'"\-]*)|(?P<text>"(?:[^"\\]|\\.)*")|(?P<op>&&|\|\||!=|<=|>=|=|<|>|\(|\))|(?P<word>[^\s()=<>!&|"]+))""")
_ORDER = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class PatternError(ValueError):
    """The pattern does not follow the syntax."""


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if not match:
            raise PatternError(f"unexpected {text[position:position + 10]!r}")
        found.append((match.lastgroup or "", match.group(match.lastgroup or 0)))
        position = match.end()
    return found


def _lookup(document: Any, selector: str) -> Any:
    """Value of ``$.a.b[0]``; raises LookupError when there is none."""
    value = document
    for name, index in re.findall(r"\.([\w\-]+)|\[(?:['\"])?([\w\-]+)(?:['\"])?\]", selector[1:]):
        if index.isdigit() and isinstance(value, list):
            value = value[int(index)]
        elif isinstance(value, dict):
            value = value[name or index]
        else:
            raise KeyError(selector)
    return value


def _like(found: str, pattern: str) -> bool:
    """Only the asterisk is special in these patterns."""
    return fnmatchcase(found, pattern.replace("[", "[[]").replace("?", "[?]"))


def _equals(found: Any, kind: str, wanted: str) -> bool:
    if kind == "text":
        pattern = json.loads(wanted)
        return isinstance(found, str) and _like(found, pattern)
    if isinstance(found, bool) or found is None:
        return json.dumps(found) == wanted.lower()
    if isinstance(found, (int, float)):
        try:
            return float(found) == float(wanted)
        except ValueError:
            return False
    return isinstance(found, str) and _like(found, wanted)


def _comparison(selector: str, symbol: str, kind: str, wanted: str) -> Callable[[Any], bool]:
    def holds(document: Any) -> bool:
        try:
            found = _lookup(document, selector)
        except (LookupError, TypeError):
            return False
        if symbol == "=":
            return _equals(found, kind, wanted)
        if symbol == "!=":
            return not _equals(found, kind, wanted)
        try:
            return not isinstance(found, bool) and _ORDER[symbol](float(found), float(wanted))
        except (TypeError, ValueError):
            return False

    return holds


def _existence(selector: str, word: str) -> Callable[[Any], bool]:
    def holds(document: Any) -> bool:
        try:
            found = _lookup(document, selector)
        except (LookupError, TypeError):
            return word == "NOT EXISTS"
        return {"NOT EXISTS": False, "IS NULL": found is None, "IS TRUE": found is True, "IS FALSE": found is False}[word]

    return holds


class _Parser:
    """``selector op value`` with &&, || and parentheses; && binds tighter."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self._at = 0

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise PatternError("unexpected end")
        self._at += 1
        return self._tokens[self._at - 1]

    def _accept(self, text: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("op", text):
            self._at += 1
            return True
        return False

    def parse(self) -> Callable[[Any], bool]:
        condition = self._any_of()
        if self._at != len(self._tokens):
            raise PatternError(f"unexpected {self._tokens[self._at][1]!r}")
        return condition

    def _any_of(self) -> Callable[[Any], bool]:
        parts = [self._all_of()]
        while self._accept("||"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else lambda document: any(part(document) for part in parts)

    def _all_of(self) -> Callable[[Any], bool]:
        parts = [self._term()]
        while self._accept("&&"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda document: all(part(document) for part in parts)

    def _term(self) -> Callable[[Any], bool]:
        if self._accept("("):
            inner = self._any_of()
            if not self._accept(")"):
                raise PatternError("a closing parenthesis is missing")
            return inner
        kind, selector = self._next()
        if kind != "name":
            raise PatternError(f"a selector such as $.field is expected, not {selector!r}")
        kind, symbol = self._next()
        if kind == "word" and symbol.upper() in ("IS", "NOT"):
            return _existence(selector, f"{symbol} {self._next()[1]}".upper())
        kind, wanted = self._next()
        return _comparison(selector, symbol, kind, wanted)


def _json_matcher(pattern: str) -> Matcher:
    condition = _Parser(pattern.strip()[1:-1]).parse()

    def matches(message: str) -> bool:
        # Cheap first: most lines of a function's log are no JSON at all.
        start = message.find("{")
        if start < 0:
            return False
        try:
            return condition(json.loads(message[start:] if start and message[:start].isspace() else message))
        except ValueError:
            return False

    return matches


def _term_matcher(pattern: str) -> Matcher:
    terms = re.findall(r'([?-]?)("(?:[^"\\]|\\.)*"|\S+)', pattern)
    words = [(sign, json.loads(word) if word.startswith('"') else word) for sign, word in terms]
    needed = [word for sign, word in words if sign == ""]
    excluded = [word for sign, word in words if sign == "-"]
    optional = [word for sign, word in words if sign == "?"]
    return lambda message: (all(word in message for word in needed) and not any(word in message for word in excluded)
                            and (not optional or bool(needed) or any(word in message for word in optional)))


@functools.lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Matcher:
    """A function that says whether a message matches `pattern`; raises `PatternError`."""
    text = (pattern or "").strip()
    if not text:
        return lambda message: True
    if text.startswith("{") and text.endswith("}"):
        return _json_matcher(text)
    return _term_matcher(text)
