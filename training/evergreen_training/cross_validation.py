"""Scores on folds of the train rows; the held-out rows stay unseen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .data import Table
from .definition import Definition
from .figures import print_figures, print_note, score_answers
from .model import Model
from .optimisers.progress import without_epochs


def cross_validate(
    definition: Definition,
    train: Table,
    fit: Callable[[Table], Model],
    keep: Callable[[Model, np.ndarray, np.ndarray], None] | None = None,
) -> list[dict[str, float]]:
    """Train on all folds but one and score on that one, for each in turn; print each score
    and, as ``validation_<figure>``, the mean so far.

    Classes are spread evenly over seeded folds; items of a ranking are not. There are as many folds as the definition
    says, fewer when the smallest class (of a regression or a ranking: half of the rows) has fewer rows, and none when
    that leaves less than two.

    Parameters
    ----------
    definition : Definition
    train : Table
    fit : callable
        Takes a table of train rows, gives a model.
    keep : callable, optional
        Is handed the model of each fold, and the positions of the rows it learned from and is scored on.

    Returns
    -------
    list of dict
        The figures of each fold, as `score_answers` gives them; empty when there can be no folds.
    """
    folds = _possible_folds(definition, train)
    if folds < 2:
        return []
    from sklearn.model_selection import KFold, StratifiedKFold

    kind = StratifiedKFold if _is_spread(definition) else KFold
    splitter = kind(n_splits=folds, shuffle=True, random_state=definition.seed)
    scored = []
    for number, (learned, held) in enumerate(splitter.split(np.zeros(len(train)), train.target), start=1):
        with without_epochs():
            model = fit(Table(train.rows.take(learned), train.target[learned]))
        figures = score_answers(definition, model.answer(train.rows.take(held)), train.target[held])
        print_figures(fold=number, **figures)
        scored.append(figures)
        if keep is not None:
            keep(model, learned, held)
        # Tuning compares trials by it, fold for fold, and ends those that fall behind.
        for name in figures:
            print_figures(**{f"validation_{name}": float(np.mean([fold[name] for fold in scored]))})
    return scored


def _is_spread(definition: Definition) -> bool:
    return definition.is_classification and definition.task != "ranking"


def _possible_folds(definition: Definition, train: Table) -> int:
    if _is_spread(definition):
        counts = np.bincount(train.target, minlength=len(definition.categories))
        smallest = min((count, position) for position, count in enumerate(counts) if count)
        most, why = int(smallest[0]), f"{definition.categories[smallest[1]]} has {smallest[0]} train rows"
    else:
        most, why = len(train) // 2, f"there are {len(train)} train rows"
    if most < 2:
        print_note(f"no cross-validation and so no validation_score, because {why}")
    elif most < definition.folds:
        print_note(f"cross-validation with {most} folds instead of {definition.folds}, because {why}")
    return min(most, definition.folds)
