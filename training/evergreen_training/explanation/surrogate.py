"""Rules that answer like the model: a small decision tree that learned the model's own answers.

Source: Craven & Shavlik 1996, Extracting tree-structured representations of trained networks (fidelity).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data import Rows
from ..definition import Definition
from ..figures import score_answers
from ..model import Answers
from ..preprocessing import Preprocessing, learn_preprocessing

_DEPTH = 3
_FOLDS = 3


@dataclass(frozen=True)
class Rule:
    """A leaf in words, and the share of the rows that come to it."""

    text: str
    share: float


@dataclass(frozen=True)
class Surrogate:
    """Rules and how far to believe them.

    Attributes
    ----------
    fidelity : float
        Share of equal answers, or R² of a regression, on rows the tree of a fold did not learn from.
    rows : int
    rules : list of Rule
    missing_counts_as : dict
        By feature that may be missing, the value the rules take a missing one for.
    """

    fidelity: float
    rows: int
    rules: list[Rule]
    missing_counts_as: dict[str, Any]


def find_rules(definition: Definition, rows: Rows, answers: Answers) -> Surrogate | str:
    """Learn a tree of depth 3 from a model's answers to rows.

    Returns
    -------
    Surrogate or str
        The reason why there is none.
    """
    from sklearn.model_selection import KFold
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    preprocessing = learn_preprocessing(definition, rows, scale=False)
    if not preprocessing.width:
        return "the model has no feature but free text, which makes no readable rules"
    if len(rows) < _FOLDS:
        return f"there are {len(rows)} rows, too few to tell how far rules could be believed"
    prepared, target = preprocessing.transform(rows), _target_of(definition, answers)
    kind = DecisionTreeClassifier if definition.is_classification else DecisionTreeRegressor

    def grow(chosen: np.ndarray) -> Any:
        smallest = max(1, len(chosen) // 50)
        tree = kind(max_depth=_DEPTH, min_samples_leaf=smallest, random_state=definition.seed)
        return tree.fit(prepared[chosen], target[chosen])

    predicted = np.empty(len(rows), dtype=target.dtype)
    for learned, held in KFold(_FOLDS, shuffle=True, random_state=definition.seed).split(prepared):
        predicted[held] = grow(learned).predict(prepared[held])
    whole = grow(np.arange(len(rows)))
    sizes = whole.tree_.n_node_samples
    rules = [
        Rule(_in_words(definition, preprocessing, path, _answer_of(definition, whole, leaf)), sizes[leaf] / len(rows))
        for leaf, path in _paths(whole.tree_)
    ]
    fills = _fills_of(definition, preprocessing)
    return Surrogate(_fidelity(definition, predicted, target), len(rows), rules, fills)


def _target_of(definition: Definition, answers: Answers) -> np.ndarray:
    if answers.labels is None:
        return np.asarray(answers.values, dtype=np.float64)
    position_of = {category: position for position, category in enumerate(definition.categories)}
    return np.array([position_of[label] for label in answers.labels])


def _fidelity(definition: Definition, predicted: np.ndarray, target: np.ndarray) -> float:
    if definition.is_classification:
        return float(np.mean(predicted == target))
    return score_answers(definition, Answers(values=predicted), target)["score"]


def _answer_of(definition: Definition, fitted: Any, leaf: int) -> str:
    values = fitted.tree_.value[leaf, 0]
    if definition.is_classification:
        return definition.categories[fitted.classes_[values.argmax()]]
    return f"about {_digits(values[0])}"


Bounds = dict[int, tuple[float, float]]


def _paths(tree: Any) -> Iterator[tuple[int, Bounds]]:
    """Each leaf, from left to right, with the bounds (above, at most) of the columns on the way to it."""
    open_nodes: list[tuple[int, Bounds]] = [(0, {})]
    while open_nodes:
        node, path = open_nodes.pop()
        if tree.children_left[node] < 0:
            yield node, path
            continue
        column, threshold = int(tree.feature[node]), float(tree.threshold[node])
        above, most = path.get(column, (-np.inf, np.inf))
        open_nodes.append((tree.children_right[node], {**path, column: (max(above, threshold), most)}))
        open_nodes.append((tree.children_left[node], {**path, column: (above, min(most, threshold))}))


def _in_words(definition: Definition, preprocessing: Preprocessing, path: Bounds, answer: str) -> str:
    conditions = [_condition(definition, preprocessing, column, *bounds) for column, bounds in path.items()]
    return f"if {' and '.join(conditions)} then {answer}" if conditions else f"always {answer}"


def _condition(definition: Definition, preprocessing: Preprocessing, column: int, above: float, most: float) -> str:
    if column >= len(definition.numbers):
        text, category = preprocessing.levels[column - len(definition.numbers)]
        return f"{definition.texts[text].name} is {'not ' if np.isinf(above) else ''}{category}"
    feature = definition.numbers[column]
    if feature.type == "boolean":
        return f"{feature.name} is {'false' if np.isinf(above) else 'true'}"
    if np.isinf(above):
        return f"{feature.name} <= {_digits(most)}"
    if np.isinf(most):
        return f"{feature.name} > {_digits(above)}"
    return f"{_digits(above)} < {feature.name} <= {_digits(most)}"


def _digits(value: float) -> str:
    return np.format_float_positional(value, precision=6, fractional=False, trim="-")


def _fills_of(definition: Definition, preprocessing: Preprocessing) -> dict[str, Any]:
    numbers = zip(definition.numbers, preprocessing.fills, strict=True)
    texts = zip(definition.texts, preprocessing.text_fills, strict=True)
    filled = {f.name: bool(fill) if f.type == "boolean" else float(fill) for f, fill in numbers if f.may_be_missing}
    return filled | {f.name: fill for f, fill in texts if f.may_be_missing and f.type == "category"}
