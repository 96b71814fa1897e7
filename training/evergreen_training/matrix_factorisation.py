"""Matrix factorisation: users and items as points, such that a user lies close to the items they chose.

Source: Hu, Koren and Volinsky, Collaborative filtering for implicit feedback datasets, ICDM 2008: alternating least
squares on preferences of 1 (chosen) and 0 (not), each trusted by 1 + alpha times the number of choices.
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

# Rows whose outer products are held at a time.
_BLOCK = 2048


@dataclass(frozen=True)
class MatrixFactorisation:
    """Fitted factors. A user who was not seen in training gets the popular items.

    Attributes
    ----------
    items : Items
    column : int
        The column of ``texts`` that says who.
    users : tuple of str
        Those seen in training, sorted.
    user_factors : ndarray of float64, shape (users + 1, factors + 1)
        The last row is everybody else; the last column is how far popularity counts: 1 for that row, else 0.
    item_factors : ndarray of float64, shape (known items, factors + 1)
        The last column is the logarithm of the item's share, so that its softmax is the share.
    """

    items: Items
    column: int
    users: tuple[str, ...]
    user_factors: np.ndarray
    item_factors: np.ndarray

    def answer(self, rows: Rows) -> Answers:
        """Rank all items for the users of rows."""
        place_of = {user: place for place, user in enumerate(self.users)}
        places = [place_of.get(user, len(self.users)) for user in rows.texts[:, self.column]]
        closeness = self.user_factors[places] @ self.item_factors.T
        lifted = np.exp(closeness - closeness.max(axis=1, keepdims=True))
        return self.items.answer(lifted / lifted.sum(axis=1, keepdims=True))

    def to_onnx(self) -> bytes:
        """Write the model as the file that is served."""
        graph = Graph()
        texts = graph.add_input("texts", TensorProto.STRING, len(self.items.definition.texts))
        who = graph.add("Gather", texts, graph.constant(np.array(self.column)), axis=1)
        place = graph.add(
            "LabelEncoder",
            who,
            domain=ML,
            keys_strings=list(self.users),
            values_int64s=list(range(len(self.users))),
            default_int64=len(self.users),
        )
        factors = graph.add("Gather", graph.constant(self.user_factors), place, axis=0)
        closeness = graph.add("MatMul", factors, graph.constant(self.item_factors.T))
        return self.items.write(graph, graph.add("Softmax", closeness, axis=1))


def fit_matrix_factorisation(definition: Definition, train: Table, settings: dict[str, Any]) -> MatrixFactorisation:
    """Fit factors on the choices in train rows; a row whose user is missing counts for popularity alone.

    Parameters
    ----------
    definition : Definition
    train : Table
        A row says that the user of its feature ``settings["user"]`` chose the item of its target.
    settings : dict
        ``user``, ``factors``, ``iterations``, ``regularization``, ``alpha``.

    Raises
    ------
    JobError
        When a setting is out of range, or no row has a user.
    """
    for name, least in (("factors", 1), ("iterations", 1), ("regularization", 1e-9), ("alpha", 0)):
        if settings[name] < least:
            raise JobError(
                f"matrix-factorisation cannot be trained: the '{name}' parameter is {settings[name]}; "
                f"it must be at least {least}"
            )
    column = column_read(definition, "user", settings["user"], ("category", "text"))
    items = count_items(definition, train)
    named = train.rows.texts[:, column]
    has_user = named != ""
    users, who = np.unique(named[has_user].astype(str), return_inverse=True)
    if not len(users):
        raise JobError("no train row says which user it is of; upload rows that do")
    chosen = items.position_of(train.target[has_user])
    choices = _count_choices(who, chosen, (len(users), len(items.known)))
    factors = _factorise(choices, settings, definition.seed)
    others = np.zeros((1, settings["factors"]))
    flags = np.append(np.zeros(len(users)), 1.0)[:, None]
    return MatrixFactorisation(
        items,
        column,
        tuple(users.tolist()),
        np.hstack([np.vstack([factors[0], others]), flags]),
        np.hstack([factors[1], np.log(items.shares)[:, None]]),
    )


def _count_choices(who: np.ndarray, chosen: np.ndarray, shape: tuple[int, int]) -> Any:
    from scipy.sparse import coo_array

    return coo_array((np.ones(len(who)), (who, chosen)), shape=shape).tocsr()


def _factorise(choices: Any, settings: dict[str, Any], seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    items = random.normal(scale=0.1, size=(choices.shape[1], settings["factors"]))
    by_item = choices.T.tocsr()
    for _ in range(settings["iterations"]):
        users = _solve(choices, items, settings["regularization"], settings["alpha"])
        items = _solve(by_item, users, settings["regularization"], settings["alpha"])
    return users, items


def _solve(choices: Any, fixed: np.ndarray, regularization: float, alpha: float) -> np.ndarray:
    """Least squares factors of the rows of `choices` while those of its columns are fixed: equation 4 of the paper."""
    size = fixed.shape[1]
    common = fixed.T @ fixed + regularization * np.eye(size)
    solved = np.empty((choices.shape[0], size))
    for start in range(0, choices.shape[0], _BLOCK):
        block = choices[start : start + _BLOCK]
        products = np.zeros((block.shape[0], size * size))
        for first in range(0, len(fixed), _BLOCK):
            some = fixed[first : first + _BLOCK]
            outer = (some[:, :, None] * some[:, None, :]).reshape(len(some), -1)
            products += block[:, first : first + _BLOCK] @ outer
        chosen = block.copy()
        chosen.data = 1 + alpha * chosen.data
        left = common + alpha * products.reshape(-1, size, size)
        solved[start : start + _BLOCK] = np.linalg.solve(left, (chosen @ fixed)[:, :, None])[:, :, 0]
    return solved
