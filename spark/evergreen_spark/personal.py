"""What of a text is personal, as lib/data/privacy/detect-value.ts tells it: patterns and lists are the plan's. Without Spark."""

from __future__ import annotations

import re
import socket
import unicodedata
from typing import Any

from evergreen_spark.check_digits import is_account, keeps_luhn, national_checks

_BARE = str.maketrans("", "", " -")
_UNSIGNED = str.maketrans("", "", " .+-")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_ADDRESS_V4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_LEAST_NAME, _MOST_NAME, _MOST_WORDS = 2, 60, 4


class Detector:
    """Tells the kinds of a text, each with whether its check digits hold."""

    def __init__(self, rules: dict[str, Any]) -> None:
        # JavaScript's \d and \w are of ASCII; its \s is every blank.
        read = lambda pattern, flags=0: re.compile(pattern.replace(r"\s", f"[{re.escape(rules['blanks'])}]"), re.ASCII | flags)
        self._blanks = rules["blanks"]
        self._of = {name: read(pattern) for name, pattern in rules["patterns"].items()}
        self._lengths = rules["accountLengths"]
        checks = national_checks(rules["oddValues"])
        self._national = [(one["country"], read(one["pattern"]), checks[one["country"]]) for one in rules["national"]]
        self._titles = read(rules["titles"], re.IGNORECASE)
        self._word = re.compile(f"[{rules['capitals']}][{rules['letters']}'’.-]*")
        self._given = frozenset(rules["given"])

    def kinds(self, text: str) -> list[tuple[str, bool]]:
        whole, found = text.strip(self._blanks), []
        search = lambda name: (lambda hit: hit and hit.group())(self._of[name].search(whole))
        if search("email"):
            found.append(("email", True))
        account = search("account")
        if account:
            found.append(("iban", is_account(account.translate(_BARE), self._lengths)))
        is_national = False
        for country, pattern, check in self._national:
            if pattern.search(whole):
                kept = whole if country == "FI" else whole.translate(_BARE if country == "US" else _UNSIGNED)
                found.append(("national-id", _holds(check, kept)))
                is_national = _holds(check, whole.translate(_BARE))
                break
        card = None if account else search("card")
        if card:
            digits = card.translate(_BARE)
            found.append(("card", len(digits) >= 13 and keeps_luhn(digits)))
        v4 = search("addressV4")
        v6 = None if v4 else search("addressV6")
        if v4:
            found.append(("ip", bool(_ADDRESS_V4.fullmatch(v4))))
        elif v6 and len(v6) > 4:
            found.append(("ip", _is_v6(v6)))
        if not (is_national or card or v4) and search("phone"):
            found.append(("phone", True))
        if self._is_name(whole):
            found.append(("name", True))
        return found

    def _is_name(self, text: str) -> bool:
        bare = self._titles.sub("", text, count=1).strip(self._blanks)
        # As long as JavaScript says it is.
        if not _LEAST_NAME <= len(bare) + sum(letter > "\uffff" for letter in bare) <= _MOST_NAME:
            return False
        words = [word for word in re.split("[ ,]+", bare) if word]
        if len(words) > _MOST_WORDS or not all(map(self._word.fullmatch, words)):
            return False
        return any(_plain(word) in self._given for word in words)


def _holds(check: Any, number: str) -> bool:
    try:
        return check(number)
    except ValueError:
        # A sign is left in it.
        return False


def _is_v6(text: str) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6, text)
    except OSError:
        return False
    return True


def _plain(word: str) -> str:
    apart = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in apart if not unicodedata.category(letter).startswith("M")).lower()
