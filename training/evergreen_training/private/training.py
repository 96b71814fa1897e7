"""Private training of the built-in gradient descent, with what it costs in accuracy."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..contract import Job
from ..data import Table
from ..declared import declare_model
from ..definition import DifferentialPrivacy
from ..errors import JobError
from ..estimators import Trainer
from ..figures import print_note, score_answers
from ..model import FittedModel
from ..optimisers.update_rules import make_rule
from ..package import Course
from .accountant import noise_for
from .descent import descend_privately

# The curve of accuracy against epsilon: these times the epsilon asked for.
_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0)
_TRIED_SHARE = 0.2
_ENDLESS = float("inf")


def fit_privately(trainer: Trainer, privacy: DifferentialPrivacy) -> Callable[[Table], FittedModel]:
    """A function that fits the trainer's model with differential privacy on any train rows."""

    def fit(train: Table) -> FittedModel:
        settings = trainer.settings
        model = declare_model(trainer)
        network, estimator = model.network, model.estimator
        rate, steps = pace_of(settings, len(train))
        parameters = descend_privately(
            network,
            estimator.loss,
            estimator.l2,
            model.prepare(train),
            make_rule(estimator.optimizer, estimator.learning_rate),
            rate,
            steps,
            privacy.clip_norm,
            noise_of(privacy, rate, steps),
            np.random.default_rng(secrets.randbits(128)),
        )
        return model.with_parameters(parameters)

    return fit


def choose_private_course(job: Job, trainer: Trainer, privacy: DifferentialPrivacy) -> Course:
    """How the model of all rows is trained, and the record of what it spends.

    Raises
    ------
    JobError
        When the settings have no private counterpart.
    """
    settings = trainer.settings
    if trainer.algorithm != "gradient-descent" or settings["hidden_units"] or settings["optimizer"] == "least-squares":
        raise JobError(
            "differentially private training is for gradient-descent without hidden_units and with an optimizer that "
            "takes steps; change train in the definition, or take privacy out of it"
        )
    if privacy.delta >= 1 / len(job.train):
        raise JobError(
            f"a delta of {privacy.delta:g} allows to give a whole row of {len(job.train)} away; "
            f"set privacy.differentialPrivacy.delta well below {1 / len(job.train):.1g}"
        )
    rate, steps = pace_of(settings, len(job.train))
    noise = noise_of(privacy, rate, steps)
    print_note(
        f"private training: epsilon {privacy.epsilon:g} at delta {privacy.delta:g} by {steps} steps on "
        f"{100 * rate:.3g} % of the rows each, with a noise multiplier of {noise:.4g}"
    )
    record = {
        "epsilon": privacy.epsilon,
        "delta": privacy.delta,
        "clipNorm": privacy.clip_norm,
        "noiseMultiplier": noise,
        "sampleRate": rate,
        "steps": steps,
        "scoreByEpsilon": score_by_epsilon(job, trainer, privacy),
    }
    return Course(fit_privately(trainer, privacy), record={"privacy": record})


def score_by_epsilon(job: Job, trainer: Trainer, privacy: DifferentialPrivacy) -> list[dict[str, Any]]:
    """Scores on a fifth of the train rows, of models of the others: from more private to less, then without noise.

    The same fifth for all. These scores are figures about the rows: they are not part of what is protected.
    """
    order = np.random.default_rng(job.seed).permutation(len(job.train))
    count = max(1, int(_TRIED_SHARE * len(order)))
    held, learned = (
        Table(job.train.rows.take(rows), job.train.target[rows]) for rows in (order[:count], order[count:])
    )
    points = []
    for epsilon in [*(factor * privacy.epsilon for factor in _FACTORS), _ENDLESS]:
        model = fit_privately(trainer, replace(privacy, epsilon=epsilon))(learned)
        score = score_answers(job.definition, model.answer(held.rows), held.target)["score"]
        points.append({"epsilon": None if epsilon == _ENDLESS else epsilon, "score": score})
    return points


def pace_of(settings: dict[str, Any], rows: int) -> tuple[float, int]:
    """Share of the rows a step looks at, and how many steps the epochs have."""
    rate = min(1.0, (settings["batch_size"] or rows) / rows)
    return rate, int(np.ceil(settings["epochs"] / rate))


def noise_of(privacy: DifferentialPrivacy, rate: float, steps: int) -> float:
    """The noise multiplier that the epsilon asks for; 0 for an epsilon without limit."""
    if privacy.epsilon == _ENDLESS:
        return 0.0
    try:
        return noise_for(privacy.epsilon, privacy.delta, rate, steps)
    except ValueError as error:
        raise JobError(f"{error}; ask for a larger epsilon, or set fewer epochs") from error
