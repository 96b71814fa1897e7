"""Prints a descent as it goes, for people and for SageMaker's metric definitions; see lib/training/training-job.ts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ..figures import print_figures

_is_quiet = ContextVar("is_quiet", default=False)


@contextmanager
def without_epochs() -> Iterator[None]:
    """Print no epochs: those of folds would be taken for the model's."""
    token = _is_quiet.set(True)
    try:
        yield
    finally:
        _is_quiet.reset(token)


def print_epoch(point: dict[str, Any]) -> None:
    """Print ``epoch=3 train_loss=0.41 validation_loss=0.43``."""
    if _is_quiet.get():
        return
    losses = {"train_loss": point["trainLoss"], "validation_loss": point["validationLoss"]}
    print_figures(epoch=point["epoch"], **{name: loss for name, loss in losses.items() if loss is not None})
