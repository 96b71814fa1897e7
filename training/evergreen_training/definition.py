"""The parts of a deployed model (its model.ts as JSON) that training needs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import JobError

_NUMERIC = ("number", "integer", "boolean")
_TEXTUAL = ("category", "text")


@dataclass(frozen=True)
class Feature:
    """One input column.

    Attributes
    ----------
    name : str
    type : str
        ``number``, ``integer``, ``boolean``, ``category`` or ``text``.
    may_be_missing : bool
    categories : tuple of str
        Of a ``category`` feature, in the order of the definition; else empty.
    range : (least, greatest)
        As declared; infinite where nothing is.
    impute : str or None
        What a missing value becomes: ``median``, ``mean``, ``mode`` or ``constant``; None leaves it to the type.
    constant : float, bool or str, optional
        Of ``constant``, the value.
    clip : (method, factor) or None
        Limits that numbers are moved to: ``iqr`` or ``z-score``, and how many quartile distances or deviations.
    """

    name: str
    type: str
    may_be_missing: bool = False
    categories: tuple[str, ...] = ()
    range: tuple[float, float] = (-math.inf, math.inf)
    impute: str | None = None
    constant: Any = None
    clip: tuple[str, float] | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether the column travels in the matrix ``numbers``; else it travels in ``texts``."""
        return self.type in _NUMERIC


@dataclass(frozen=True)
class DifferentialPrivacy:
    """What the model may tell of any one train row, and how long a row's gradient may be."""

    epsilon: float
    delta: float
    clip_norm: float


@dataclass(frozen=True)
class Federation:
    """Parties that learn one model together, each where its rows lie, and which of its rows count.

    Attributes
    ----------
    parties : tuple of str
    rounds : int
        How often the parties' weights are averaged.
    local_epochs : int
        Passes over its rows that a party makes between two averages.
    formats : tuple of str
        Of a party's files: ``csv``, ``jsonl``, ``parquet``.
    least_rows : int
        Rows a party must have for its weights to be taken.
    most_rejected : float
        Share of a party's rows that may not fit.
    drops_duplicates : bool
    identity : tuple of str
        Columns that tell rows apart which are otherwise equal.
    """

    parties: tuple[str, ...]
    rounds: int
    local_epochs: int
    formats: tuple[str, ...]
    least_rows: int
    most_rejected: float
    drops_duplicates: bool
    identity: tuple[str, ...] = ()


@dataclass(frozen=True)
class Definition:
    """A model's definition, reduced to what training needs.

    Attributes
    ----------
    name : str
    task : str
        ``classification``, ``regression``, ``text-classification``, ``ranking`` or ``anomaly-detection``.
    features : tuple of Feature
        In the order of the definition, which is the order of the tensors' columns.
    target : str
        Name of the column to predict.
    categories : tuple of str
        Labels of a classifier, items of a ranking, in the order of the scores; empty for a regression.
    algorithm : str
    hyperparameters : mapping
        As the definition gives them.
    seed, folds : int
    target_range : (least, greatest)
        Of a regression, as declared.
    privacy : DifferentialPrivacy or None
    federation : Federation or None
    quantise : str or None
        ``int8`` when a second file with 8-bit weights is asked for.
    """

    name: str
    task: str
    features: tuple[Feature, ...]
    target: str
    categories: tuple[str, ...]
    algorithm: str
    hyperparameters: Mapping[str, Any]
    seed: int
    folds: int
    target_range: tuple[float, float] = (-math.inf, math.inf)
    privacy: DifferentialPrivacy | None = None
    federation: Federation | None = None
    quantise: str | None = None

    @property
    def is_classification(self) -> bool:
        """Whether the target is a category."""
        return bool(self.categories)

    @property
    def numbers(self) -> tuple[Feature, ...]:
        """The columns of the matrix ``numbers``."""
        return tuple(feature for feature in self.features if feature.is_numeric)

    @property
    def texts(self) -> tuple[Feature, ...]:
        """The columns of the matrix ``texts``."""
        return tuple(feature for feature in self.features if not feature.is_numeric)


def read_definition(folder: Path) -> Definition:
    """Read the deployed model from the only JSON file in a folder.

    Raises
    ------
    JobError
        When there is not exactly one such file, or it is no deployed model.
    """
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if len(files) != 1:
        raise JobError(
            f"the definition channel {folder} holds {len(files)} .json files; it must hold one, the deployed model"
        )
    try:
        document = json.loads(files[0].read_text(encoding="utf-8"))
        return parse_definition(document["definition"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise JobError(
            f"{files[0].name} is not a deployed model ({type(error).__name__}: {error}); deploy the model again"
        ) from error


def parse_definition(definition: Mapping[str, Any]) -> Definition:
    """Take what training needs out of the JSON form of a model definition.

    Defaults have been filled in when the model was deployed; those read here with ``get`` keep hand-written
    documents short.
    """
    train, target = definition.get("train", {}), definition["target"]
    return Definition(
        name=definition["name"],
        task=definition["task"],
        features=tuple(_parse_feature(name, each) for name, each in definition["features"].items()),
        target=target["name"],
        categories=tuple(target["categories"]) if target["type"] == "category" else (),
        algorithm=train.get("algorithm", "logistic-regression"),
        hyperparameters=dict(train.get("hyperparameters", {})),
        seed=int(train.get("seed", 42)),
        folds=int(train.get("crossValidationFolds", 5)),
        target_range=_parse_range(target),
        privacy=_parse_privacy(definition.get("privacy") or {}),
        federation=_parse_federation(train.get("federated"), definition),
        quantise=(definition.get("serve") or {}).get("quantise"),
    )


def _parse_feature(name: str, feature: Mapping[str, Any]) -> Feature:
    if feature["type"] not in _NUMERIC + _TEXTUAL:
        raise ValueError(f"feature {name} has the unknown type {feature['type']}")
    return Feature(
        name=name,
        type=feature["type"],
        may_be_missing=bool(feature.get("mayBeMissing", False)),
        categories=tuple(feature["categories"]) if feature["type"] == "category" else (),
        range=(0.0, 1.0) if feature["type"] == "boolean" else _parse_range(feature),
        impute=(feature.get("impute") or {}).get("strategy"),
        constant=(feature.get("impute") or {}).get("value"),
        clip=_parse_clip(feature.get("outliers") or {}),
    )


def _parse_clip(outliers: Mapping[str, Any]) -> tuple[str, float] | None:
    if outliers.get("action") != "clip":
        return None
    method = outliers.get("method", "iqr")
    return method, float(outliers.get("factor", 1.5 if method == "iqr" else 3.0))


def _parse_range(column: Mapping[str, Any]) -> tuple[float, float]:
    return float(column.get("min", -math.inf)), float(column.get("max", math.inf))


def _parse_privacy(privacy: Mapping[str, Any]) -> DifferentialPrivacy | None:
    asked = privacy.get("differentialPrivacy")
    return asked and DifferentialPrivacy(float(asked["epsilon"]), float(asked["delta"]), float(asked["clipNorm"]))


def _parse_federation(asked: Mapping[str, Any] | None, definition: Mapping[str, Any]) -> Federation | None:
    data = definition.get("data") or {}
    return asked and Federation(
        parties=tuple(asked["parties"]),
        rounds=int(asked.get("rounds", 10)),
        local_epochs=int(asked.get("localEpochs", 1)),
        formats=tuple(data.get("formats", ("csv", "parquet", "jsonl"))),
        least_rows=int(data.get("minRows", 20)),
        most_rejected=float(data.get("maxRejectedShare", 0.02)),
        drops_duplicates=data.get("duplicates", "drop") == "drop",
        identity=tuple(definition.get("identity", ())),
    )
