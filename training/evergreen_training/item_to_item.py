"""Item-to-item recommendation: what was chosen together with what a person has just seen.

Source: Deshpande and Karypis, Item-based top-N recommendation algorithms, ACM TOIS 2004, with cosine similarity;
Linden, Smith and York, Amazon.com recommendations: item-to-item collaborative filtering, 2003.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import TensorProto

from .data import Rows, Table
from .definition import Definition
from .errors import JobError
from .graph import ML, Graph
from .model import Answers
from .ranking import Items, column_read, count_items
from .words import MOST_WORDS


@dataclass(frozen=True)
class ItemToItem:
    """Fitted similarities.

    Attributes
    ----------
    items : Items
    column : int
        The column of ``texts`` that names the items seen, with blanks between.
    similarities : ndarray of float64, shape (categories, known items)
        From any item seen to an item that may be recommended; 0 to itself.
    popularity_weight : float
        What popularity weighs beside the similarities of one item.
    """

    items: Items
    column: int
    similarities: np.ndarray
    popularity_weight: float

    def answer(self, rows: Rows) -> Answers:
        """Rank all items by what the rows name as seen; without anything known, by popularity."""
        seen = _seen(self.items.definition, rows.texts[:, self.column]).toarray()
        weights = seen @ self.similarities + self.popularity_weight * self.items.shares
        return self.items.answer(weights / weights.sum(axis=1, keepdims=True))

    def to_onnx(self) -> bytes:
        """Write the model as the file that is served."""
        graph = Graph()
        graph.need_opset(20)
        names = self.items.definition.categories
        texts = graph.add_input("texts", TensorProto.STRING, len(self.items.definition.texts))
        given = graph.add("Gather", texts, graph.constant(np.array(self.column)), axis=1)
        # So that not even a batch of empty texts has no pieces; no item has an empty name.
        ended = graph.add("StringConcat", given, graph.constant(np.array([" \n"], dtype=object)))
        pieces = graph.add("StringSplit", ended, outputs=2, maxsplit=MOST_WORDS)
        start, end, along = (graph.constant(np.array([number])) for number in (0, MOST_WORDS, 1))
        known = graph.add("Slice", pieces, start, end, along)
        places = list(range(len(names)))
        ids = graph.add(
            "LabelEncoder", known, domain=ML, keys_strings=list(names), values_int64s=places, default_int64=-1
        )
        counts = graph.add(
            "TfIdfVectorizer",
            ids,
            mode="TF",
            min_gram_length=1,
            max_gram_length=1,
            max_skip_count=0,
            ngram_counts=[0],
            ngram_indexes=places,
            pool_int64s=places,
        )
        seen = graph.add("Min", graph.cast(counts, TensorProto.DOUBLE), graph.constant(np.array(1.0)))
        similar = graph.add("MatMul", seen, graph.constant(self.similarities))
        weights = graph.add("Add", similar, graph.constant(self.popularity_weight * self.items.shares))
        whole = graph.add("ReduceSum", weights, graph.constant(np.array([1])), keepdims=1)
        return self.items.write(graph, graph.add("Div", weights, whole))


def fit_item_to_item(definition: Definition, train: Table, settings: dict[str, Any]) -> ItemToItem:
    """Fit similarities on train rows, each of which is one basket: the items seen and the item chosen.

    Parameters
    ----------
    definition : Definition
    train : Table
        A row says that who has seen the items that the text ``settings["history"]`` names chose the item of its target.
    settings : dict
        ``history``, ``neighbours`` and ``popularity_weight``.

    Raises
    ------
    JobError
        When a setting is out of range, or an item's name holds a blank.
    """
    for name, least in (("neighbours", 1), ("popularity_weight", 1e-9)):
        if settings[name] < least:
            raise JobError(
                f"item-to-item cannot be trained: the '{name}' parameter is {settings[name]}; "
                f"it must be at least {least}"
            )
    blank = next((name for name in definition.categories if " " in name), None)
    if blank is not None:
        raise JobError(f"the item {blank!r} holds a blank, which stands between items; name it without")
    column = column_read(definition, "history", settings["history"], ("text",))
    items = count_items(definition, train)
    baskets = _seen(definition, train.rows.texts[:, column]).tolil()
    baskets[np.arange(len(train)), train.target] = 1.0
    baskets = baskets.tocsr()
    together = (baskets.T @ baskets).toarray()
    lengths = np.sqrt(np.maximum(together.diagonal(), 1.0))
    cosines = together / lengths[:, None] / lengths
    np.fill_diagonal(cosines, 0.0)
    similarities = cosines[:, items.known]
    if settings["neighbours"] < similarities.shape[1]:
        # Equals are kept together, so that the order of items means nothing.
        least = -np.partition(-similarities, settings["neighbours"] - 1, axis=1)[:, settings["neighbours"] - 1]
        similarities[similarities < least[:, None]] = 0.0
    return ItemToItem(items, column, similarities, settings["popularity_weight"])


def _seen(definition: Definition, texts: np.ndarray) -> Any:
    """Which items texts name, as a sparse matrix of 0 and 1 of shape (n, categories)."""
    from scipy.sparse import csr_array

    place_of = {name: place for place, name in enumerate(definition.categories)}
    ends, columns = [0], []
    for text in texts:
        pieces = [piece for piece in text.split(" ") if piece][:MOST_WORDS]
        columns.extend(sorted({place_of[piece] for piece in pieces if piece in place_of}))
        ends.append(len(columns))
    shape = (len(texts), len(definition.categories))
    return csr_array((np.ones(len(columns)), np.array(columns, dtype=np.int64), ends), shape=shape)
