"""Check digits of numbers that name a person or an account, as lib/data/privacy/checksums.ts has them."""

from __future__ import annotations

from typing import Callable


def _weighted(digits: str, weights: list[int]) -> int:
    return sum(weight * int(digit) for weight, digit in zip(weights, digits))


def keeps_luhn(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


def is_account(text: str, lengths: dict[str, int]) -> bool:
    if lengths.get(text[:2]) != len(text):
        return False
    return int("".join(str(int(letter, 36)) for letter in text[4:] + text[:4])) % 97 == 1


def _is_day(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31


def _is_german(text: str) -> bool:
    different = len(set(text[:10]))
    if text[0] == "0" or not 8 <= different <= 9:
        return False
    product = 10
    for digit in text[:10]:
        product = 2 * ((int(digit) + product) % 10 or 10) % 11
    return (11 - product) % 10 == int(text[10])


def _is_polish(text: str) -> bool:
    check = (10 - _weighted(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10) % 10
    return _is_day(str(int(text[2:4]) % 20), text[4:6]) and check == int(text[10])


def _is_dutch(text: str) -> bool:
    return _weighted(text, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 == 0 and int(text) > 0


def _is_brazilian(text: str) -> bool:
    def holds(length: int) -> bool:
        rest = 10 * _weighted(text, list(range(length + 1, 1, -1))) % 11
        return (0 if rest == 10 else rest) == int(text[length])

    return len(set(text)) > 1 and holds(9) and holds(10)


def _is_french(text: str) -> bool:
    return 1 <= int(text[3:5]) <= 12 and 97 - int(text[:13]) % 97 == int(text[13:])


def _is_swedish(text: str) -> bool:
    bare = text[-10:]
    return _is_day(bare[2:4], bare[4:6]) and keeps_luhn(bare)


def _is_spanish(text: str) -> bool:
    first = "XYZ".find(text[0])
    number = text[:-1] if first == -1 else f"{first}{text[1:-1]}"
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == text[-1]


def _is_finnish(text: str) -> bool:
    return _is_day(text[2:4], text[:2]) and "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(text[:6] + text[7:10]) % 31] == text[-1]


def _is_italian(text: str, odd_values: list[int]) -> bool:
    values = [int(letter) if letter.isdigit() else ord(letter) - 65 for letter in text[:15]]
    total = sum(odd_values[value] if place % 2 == 0 else value for place, value in enumerate(values))
    return chr(65 + total % 26) == text[-1]


def _is_american(text: str) -> bool:
    return not (text.startswith(("000", "666", "9")) or text[3:5] == "00" or text.endswith("0000"))


def national_checks(odd_values: list[int]) -> dict[str, Callable[[str], bool]]:
    """By country, whether a number of its form holds."""
    return {"US": _is_american, "FI": _is_finnish, "SE": _is_swedish, "BR": _is_brazilian,
            "IT": lambda text: _is_italian(text, odd_values), "ES": _is_spanish, "FR": _is_french,
            "PL": lambda text: _is_polish(text) or _is_german(text), "DE": _is_german, "NL": _is_dutch}
