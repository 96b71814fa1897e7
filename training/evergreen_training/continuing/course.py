"""How a job goes on from its champion."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..channels import read_training_table
from ..contract import Job
from ..data import Rows, Table
from ..estimators import Trainer
from ..figures import print_note, score_answers
from ..model import FittedModel
from ..optimisers.descent import Curve
from ..optimisers.progress import print_epoch
from ..package import Course
from ..preprocessing import learn_preprocessing
from .champion import Champion
from .state import State, StateMisfit, carry_over, read_state


@dataclass(frozen=True)
class _Continuation:
    """A champion's state and the estimator that takes it on."""

    job: Job
    state: State
    estimator: Any
    scale: bool

    def start_warm(self, train: Table) -> FittedModel:
        """Fit on all rows, from the champion's weights on."""
        definition = self.job.definition
        preprocessing = learn_preprocessing(definition, train.rows, self.scale)
        self.estimator.start_from(carry_over(self.state.layers, self.state.preprocessing, preprocessing))
        self.estimator.fit(preprocessing.transform(train.rows), train.target)
        return FittedModel(definition, preprocessing, self.estimator)

    def learn_online(self, new: Table) -> tuple[FittedModel, dict[str, float]]:
        """Take each new row in once, in micro-batches, with the champion's preprocessing.

        Each batch is answered before it is learned from (test-then-train; Gama, Sebastião and Rodrigues 2013), so the
        figures over all of them are those of rows unseen.
        """
        self.estimator.resume(self.state.layers, self.state.classes, self.state.scaling)
        model = FittedModel(self.job.definition, self.state.preprocessing, self.estimator)
        curve = Curve(self.estimator.loss.name, ended="one pass")
        size = self.estimator.batch_size or len(new)
        answered = []
        for number, start in enumerate(range(0, len(new), size), start=1):
            rows, target = new.rows.take(slice(start, start + size)), new.target[start : start + size]
            answered.append(model.answer(rows))
            prepared = self.state.preprocessing.transform(rows)
            before = self.estimator.mean_loss(prepared, target)
            self.estimator.partial_fit(prepared, target)
            after = self.estimator.mean_loss(prepared, target)
            curve.points.append({"epoch": number, "trainLoss": after, "validationLoss": before})
            print_epoch(curve.points[-1])
        self.estimator.learning_curve_ = curve
        parts = {
            name: np.concatenate([getattr(each, name) for each in answered])
            for name in ("labels", "values")
            if getattr(answered[0], name) is not None
        }
        return model, score_answers(self.job.definition, replace(answered[0], scores=None, **parts), new.target)


def choose_course(job: Job, champion: Champion | None, trainer: Trainer) -> Course | None:
    """How to go on from the champion, or None to train anew; says which and why."""
    if champion is None:
        return None
    try:
        if trainer.algorithm != "gradient-descent":
            raise StateMisfit(f"{trainer.algorithm} cannot learn on, gradient-descent can")
        estimator, scale = _unfitted(trainer), bool(trainer.settings["scale"])
        if champion.state is None:
            raise StateMisfit("it left no state; only gradient-descent does")
        if estimator.optimizer == "least-squares":
            raise StateMisfit("least-squares takes no steps, so there is nothing to go on with")
        state = read_state(champion.state, job.definition, estimator.hidden_units, estimator.activation)
        if state.classes is not None and not _same_classes(state, job.train, champion.known is not None):
            raise StateMisfit("it knows other classes than the train rows have")
    except StateMisfit as misfit:
        print_note(f"version {champion.version} is not continued: {misfit}")
        return None
    continuation = _Continuation(job, state, estimator, scale)
    source = {"version": champion.version, "packageDigest": champion.package_digest}
    if champion.known is None:
        print_note(f"warm start from version {champion.version}")
        return Course(continuation.start_warm, record={"continuedFrom": {**source, "mode": "warm start"}})
    new = rows_not_known(job.train, read_training_table(champion.known, job.definition))
    if not len(new):
        print_note(f"version {champion.version} knows all {len(job.train)} train rows; it is trained anew")
        return None
    batches = f"in batches of {estimator.batch_size}"
    print_note(f"online update of version {champion.version} with {len(new)} new rows {batches}")
    model, figures = continuation.learn_online(new)
    return Course(
        lambda _: model,
        validation=figures,
        record={"continuedFrom": {**source, "mode": "online"}},
    )


def _unfitted(trainer: Trainer) -> Any:
    given = {name: value for name, value in trainer.settings.items() if name != "scale" and value is not None}
    return trainer.recipe.build(given, trainer.definition.seed)


def rows_not_known(train: Table, known: Table) -> Table:
    """Rows of `train` beyond those of `known`, in their order; a row that stands there twice counts twice."""
    left: dict[bytes, int] = {}
    for key in _keys(known):
        left[key] = left.get(key, 0) + 1
    fresh = []
    for position, key in enumerate(_keys(train)):
        if left.get(key, 0):
            left[key] -= 1
        else:
            fresh.append(position)
    return Table(train.rows.take(fresh), train.target[fresh])


def _keys(table: Table) -> list[bytes]:
    rows: Rows = table.rows
    # Adding 0 makes one zero of the two; NaN has one pattern of bits here, since all come from null.
    numbers = rows.numbers + np.float32(0)
    return [
        numbers[at].tobytes() + "\0".join(rows.texts[at]).encode() + table.target[at].tobytes()
        for at in range(len(table))
    ]


def _same_classes(state: State, train: Table, is_online: bool) -> bool:
    found = np.unique(train.target)
    known = set(state.classes.tolist()) if state.classes is not None else set()
    return set(found.tolist()) <= known if is_online else set(found.tolist()) == known
