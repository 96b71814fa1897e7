"""A party's part of a round: from the weights of all to its own, by its own rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..contract import channel, model_folder
from ..data import Table
from ..declared import DeclaredModel, declare_model
from ..definition import read_definition
from ..errors import JobError
from ..estimators import Trainer, choose_trainer
from ..figures import print_note
from ..hyperparameters import read_hyperparameters
from ..optimisers.descent import Objective, walk_one_epoch
from ..optimisers.update_rules import make_rule
from ..package import save
from .party_rows import read_party_rows
from .weights import ROUND, UPDATE, read_document, weights_in


def train_party(arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run the job of the party that EVERGREEN_PARTY names, and leave update.json: weights and a number of rows.

    Raises
    ------
    JobError
        That begins with the party's name, when its rows or the definition are refused, or the descent diverges.
    """
    party = environment["EVERGREEN_PARTY"]
    try:
        update = make_update(party, arguments, environment)
    except JobError as error:
        raise JobError(f"party {party}: {error}") from error
    save(model_folder(environment), {"update.json": (json.dumps(update, allow_nan=False) + "\n").encode()})


def make_update(party: str, arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """The update of a party's job."""
    definition = read_definition(channel(environment, "definition"))
    federation = definition.federation
    if federation is None or party not in federation.parties:
        raise JobError(f"it is no party of the model {definition.name}; its definition names the parties")
    given = read_hyperparameters(arguments, environment)
    trainer = choose_trainer(definition, {**definition.hyperparameters, **given})
    model = declare_federated(trainer)
    table, tally = read_party_rows(channel(environment, "train"), definition, federation)
    print_note(
        f"party {party}: {len(table)} of {tally.read} rows; {tally.rejected} do not fit, {tally.duplicates} are "
        f"duplicates{': ' if tally.first else ''}{'; '.join(tally.first)}"
    )
    before, start = _begin(model, environment)
    random = np.random.default_rng([definition.seed, before])
    weights = walk_locally(trainer, model, table, start, federation.local_epochs, random)
    return {
        "schema": UPDATE,
        "party": party,
        "round": before + 1,
        "rows": len(table),
        "weights": weights.tolist(),
    }


def declare_federated(trainer: Trainer) -> DeclaredModel:
    """The shape of the model that all parties share.

    Raises
    ------
    JobError
        When the trainer's algorithm has no steps to take.
    """
    if trainer.algorithm != "gradient-descent" or trainer.settings["optimizer"] == "least-squares":
        raise JobError("parties train together by gradient-descent with an optimizer that takes steps")
    return declare_model(trainer)


def walk_locally(
    trainer: Trainer, model: DeclaredModel, table: Table, start: np.ndarray, epochs: int, random: np.random.Generator
) -> np.ndarray:
    """Parameters after some passes over a party's rows. The rule's memory begins anew: it would tell of rows before.

    Raises
    ------
    JobError
        When a parameter is no number any more.
    """
    estimator, part = model.estimator, model.prepare(table)
    objective = Objective(model.network, estimator.loss, estimator.l2)
    rule = make_rule(estimator.optimizer, estimator.learning_rate)
    parameters = start
    # Overflow on the way down is what the check below reports.
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(epochs):
            gradient = objective.measure(parameters, *part)[2]
            size = trainer.settings["batch_size"]
            parameters = walk_one_epoch(objective, parameters, part, gradient, rule, size, random)
    if not np.isfinite(parameters).all():
        raise JobError(
            f"training diverged with a learning_rate of {rule.learning_rate:g}; set one of {rule.learning_rate / 10:g} "
            "or less"
        )
    return parameters


def _begin(model: DeclaredModel, environment: Mapping[str, str]) -> tuple[int, np.ndarray]:
    """Rounds before this one, and where they led; before the first all parties draw the same from the seed."""
    if not environment.get("SM_CHANNEL_WEIGHTS"):
        return 0, model.network.begin(np.random.default_rng(model.definition.seed))
    document = read_document(Path(environment["SM_CHANNEL_WEIGHTS"]), "weights.json", ROUND)
    return int(document["round"]), weights_in(document, model.network)
