"""TF-IDF vectors of one column of texts, in Python and in the ONNX graph alike.

Source: Salton and Buckley, Term-weighting approaches in automatic text retrieval, 1988; smoothed as in scikit-learn's
TfidfTransformer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from onnx import TensorProto

from .errors import JobError
from .graph import ML, Graph
from .words import MOST_BREAKS, MOST_WORDS, spellings_of, split_text, word_of

Gram = tuple[str, ...]

_NO_WORD, _NO_PIECE = -1, -2


@dataclass(frozen=True)
class TextSettings:
    """How texts become vectors.

    Attributes
    ----------
    max_features : int
        Most columns: the words and pairs that occur in most texts.
    min_df : int
        Texts a word must occur in.
    ngrams : int
        1 for words alone, 2 for pairs of neighbouring words as well.
    sublinear_tf : bool
        Whether the n-th repetition of a word counts less: 1 + log(count) in place of the count.
    """

    max_features: int
    min_df: int
    ngrams: int
    sublinear_tf: bool


@dataclass(frozen=True)
class TextVectors:
    """Vocabulary and weights of a column of texts, as learned from train rows.

    Attributes
    ----------
    column : int
        The column of ``texts``.
    grams : tuple of words or pairs of words
        What each column of the vectors counts; words first.
    weights : ndarray of float64, shape (columns,)
        Inverse document frequencies.
    spellings : dict
        The pieces of text that count as a word, see words.py.
    sublinear_tf : bool
    """

    column: int
    grams: tuple[Gram, ...]
    weights: np.ndarray
    spellings: dict[str, str]
    sublinear_tf: bool

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.grams)

    @cached_property
    def _column_of(self) -> dict[Gram, int]:
        return {gram: position for position, gram in enumerate(self.grams)}

    def transform(self, texts: Sequence[str]) -> Any:
        """Vectors of length 1, or 0 where a text holds none of the words.

        Returns
        -------
        scipy.sparse.csr_array of float64, shape (n, width)
        """
        from scipy.sparse import csr_array

        ends, columns, counts = [0], [], []
        for text in texts:
            words = [self.spellings.get(piece) for piece in split_text(text)]
            found = Counter(at for gram in _grams(words, 2) if (at := self._column_of.get(gram)) is not None)
            for at in sorted(found):
                columns.append(at)
                counts.append(found[at])
            ends.append(len(columns))
        values = np.array(counts, dtype=np.float64)
        if self.sublinear_tf:
            values = np.log(values) + 1
        values = values * self.weights[np.array(columns, dtype=np.int64)]
        rows = np.repeat(np.arange(len(texts)), np.diff(ends))
        lengths = np.sqrt(np.bincount(rows, values**2, minlength=len(texts)))
        return csr_array((values / lengths[rows], columns, ends), shape=(len(texts), self.width))

    def write(self, graph: Graph, texts: str) -> str:
        """Write the same steps as ONNX nodes. Returns the vectors' name."""
        words = sorted({word for gram in self.grams for word in gram})
        id_of = {word: position for position, word in enumerate(words)}
        pieces, ids = _write_words(graph, texts, self.column, {p: id_of[w] for p, w in self.spellings.items()})
        present = _write_compacted(graph, pieces, ids)
        singles = sum(len(gram) == 1 for gram in self.grams)
        is_paired = singles < len(self.grams)
        counts = graph.add(
            "TfIdfVectorizer",
            present,
            mode="TF",
            min_gram_length=1,
            max_gram_length=2 if is_paired else 1,
            max_skip_count=0,
            ngram_counts=[0, singles] if is_paired else [0],
            ngram_indexes=list(range(len(self.grams))),
            pool_int64s=[id_of[word] for gram in self.grams for word in gram],
        )
        counts = graph.cast(counts, TensorProto.DOUBLE)
        one = graph.constant(np.array(1.0))
        if self.sublinear_tf:
            logs = graph.add("Log", graph.add("Max", counts, one))
            counts = graph.add("Add", logs, graph.add("Min", counts, one))
        weighted = graph.add("Mul", counts, graph.constant(self.weights))
        squares = graph.add("ReduceSumSquare", weighted, graph.constant(np.array([1])), keepdims=1)
        # A text without words has the length 0, and stays 0.
        lengths = graph.add("Max", graph.add("Sqrt", squares), graph.constant(np.array(1e-300)))
        return graph.add("Div", weighted, lengths)


def learn_text_vectors(name: str, column: int, texts: Sequence[str], settings: TextSettings) -> TextVectors:
    """Learn vocabulary and weights from train texts.

    Raises
    ------
    JobError
        When a setting is out of range, or no word occurs in enough texts.
    """
    _check(settings)
    seen: set[str] = set()
    frequencies: Counter[Gram] = Counter()
    for text in texts:
        pieces = split_text(text)
        seen.update(pieces)
        frequencies.update(set(_grams([word_of(piece) or None for piece in pieces], settings.ngrams)))
    often = [gram for gram, count in frequencies.items() if count >= settings.min_df]
    chosen = sorted(often, key=lambda gram: (-frequencies[gram], gram))[: settings.max_features]
    if not chosen:
        raise JobError(
            f"no word of {name} occurs in {settings.min_df} of the {len(texts)} texts; lower min_df, or use more texts"
        )
    grams = tuple(sorted(chosen, key=lambda gram: (len(gram), gram)))
    counts = np.array([frequencies[gram] for gram in grams])
    weights = np.log((1 + len(texts)) / (1 + counts)) + 1
    spellings = spellings_of({word for gram in grams for word in gram}, seen)
    return TextVectors(column, grams, weights, spellings, settings.sublinear_tf)


def _check(settings: TextSettings) -> None:
    for name, least, most in (("max_features", 1, 50_000), ("min_df", 1, None), ("ngrams", 1, 2)):
        value = getattr(settings, name)
        if value < least or (most is not None and value > most):
            allowed = f"at least {least}" if most is None else f"{least} to {most}"
            raise JobError(f"the texts cannot be read: the '{name}' parameter is {value}; it must be {allowed}")


def _grams(words: Sequence[str | None], most: int) -> list[Gram]:
    singles: list[Gram] = [(word,) for word in words if word is not None]
    if most == 1:
        return singles
    return singles + [(a, b) for a, b in pairwise(words) if a is not None and b is not None]


def _write_words(graph: Graph, texts: str, column: int, ids: dict[str, int]) -> tuple[str, str]:
    """Write `split_text` and the look-up. Returns pieces and ids, both of shape (n, pieces)."""
    graph.need_opset(20)
    given = graph.add("Gather", texts, graph.constant(np.array(column)), axis=1)
    # The C locale, which is everywhere, lowers A to Z alone. The blank ends the text with a piece that is no word, so
    # that not even a batch of empty texts has no pieces.
    lowered = graph.add("StringNormalizer", given, case_change_action="LOWER", locale="C")
    ended = graph.add("StringConcat", lowered, graph.constant(np.array([" \n."], dtype=object)))
    runs = _write_split(graph, ended, 1, maxsplit=MOST_WORDS)
    lines = _write_split(graph, runs, 2, delimiter="\n", maxsplit=MOST_BREAKS)
    pieces = graph.add("Reshape", lines, graph.constant(np.array([0, -1])))
    keys = {"": _NO_PIECE, **ids}
    found = graph.add(
        "LabelEncoder",
        pieces,
        domain=ML,
        keys_strings=list(keys),
        values_int64s=list(keys.values()),
        default_int64=_NO_WORD,
    )
    return pieces, found


def _write_split(graph: Graph, texts: str, axis: int, maxsplit: int, **how: Any) -> str:
    """What is left after the last split is one piece more, and cut off."""
    parts = graph.add("StringSplit", texts, outputs=2, maxsplit=maxsplit, **how)
    start, end, along = (graph.constant(np.array([number])) for number in (0, maxsplit, axis))
    return graph.add("Slice", parts, start, end, along)


def _write_compacted(graph: Graph, pieces: str, ids: str) -> str:
    """Move the padding of the splits behind the words: it depends on the other rows, and would part neighbours."""
    width = graph.add("Gather", graph.add("Shape", pieces), graph.constant(np.array(1)))
    positions = graph.add("Range", graph.constant(np.array(0)), width, graph.constant(np.array(1)))
    is_padding = graph.add("Equal", ids, graph.constant(np.array(_NO_PIECE)))
    behind = graph.add("Mul", graph.cast(is_padding, TensorProto.INT64), width)
    keys = graph.add("Add", positions, behind)
    count = graph.add("Reshape", width, graph.constant(np.array([1])))
    order = graph.add("TopK", keys, count, outputs=2, take=1, axis=1, largest=0, sorted=1)
    return graph.add("GatherElements", ids, order, axis=1)
