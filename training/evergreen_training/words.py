"""From a text to the words of a vocabulary, in a way that an ONNX graph can follow to the letter.

A graph can split at given characters and lower the case of A to Z; it cannot strip punctuation, and has no Unicode
tables. So the vocabulary lists, for each of its words, the spellings that count as that word: ``(word``, ``word,``,
``Übung`` for ``übung``. What is not listed is no word, in Python as in the graph.
"""

from __future__ import annotations

import string
from collections.abc import Iterable

# Beyond them a text is not read: what a graph takes for a batch grows with its longest text.
MOST_WORDS = 2500
MOST_BREAKS = 8

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_AROUND = string.punctuation + "\r\t\v\f\u00a0\u3000“”„‘’‚«»‹›…–—¡¿。、，！？：；（）「」"  # noqa: RUF001
_AFFIXES = (
    *(
        ("", after)
        for after in (".", ",", ";", ":", "!", "?", "...", ")", '"', "'", '."', ',"', ".)", "),", "\r", ".\r")
    ),
    *((before, "") for before in ("(", '"', "'", "“", "„", "«")),
    *(("(", ")"), ('"', '"'), ("'", "'"), ("“", "”")),
)


def split_text(text: str) -> list[str]:
    """Split at blanks and line breaks, and lower A to Z.

    At most `MOST_WORDS` runs without blanks are read, and of each at most `MOST_BREAKS` lines.
    """
    runs = [run for run in text.translate(_LOWER).split(" ") if run][:MOST_WORDS]
    return [piece for run in runs for piece in run.split("\n")[:MOST_BREAKS] if piece]


def word_of(piece: str) -> str:
    """The word that a piece of text is: without punctuation around it, in lower case; empty when nothing is left."""
    return piece.strip(_AROUND).lower()


def spellings_of(words: Iterable[str], seen: Iterable[str]) -> dict[str, str]:
    """The pieces that count as one of some words, with the word: those seen in training, and common punctuation."""
    wanted = set(words)
    spellings = {piece: word for piece in seen if (word := word_of(piece)) in wanted}
    for word in wanted:
        for variant in dict.fromkeys((word, word[0].upper() + word[1:], word.upper())):
            for before, after in (("", ""), *_AFFIXES):
                piece = (before + variant + after).translate(_LOWER)
                # Not every letter comes back when its case is turned twice.
                if word_of(piece) == word:
                    spellings[piece] = word
    return dict(sorted(spellings.items()))
