"""Records of jobs and tags, kept per account and region like every store of MiniStack."""

import copy
import threading
from typing import Any

from ministack.core.responses import AccountRegionScopedDict

from evergreen_engine.sagemaker.errors import in_use, not_found

Record = dict[str, Any]

KINDS = ("training", "processing", "tuning")
_RUNNING = ("InProgress", "Stopping")


class JobStore:
    """Jobs of one kind.

    A record is the job's Describe answer; names with a leading underscore are ours and never leave.
    """

    def __init__(self, noun: str, status_member: str) -> None:
        self.noun = noun
        self.status_member = status_member
        self.records = AccountRegionScopedDict()
        self._lock = threading.Lock()

    def add(self, name: str, record: Record, arn: str) -> None:
        """Keep a new record; raises ``ResourceInUse`` when the name was used before."""
        with self._lock:
            if name in self.records:
                raise in_use(f"{self.noun} names must be unique within an AWS account and region, and a "
                             f"{self.noun.lower()} with this name already exists ({arn})")
            self.records[name] = record

    def get(self, name: str) -> Record:
        """The record of a job; raises ``ValidationException`` when there is none."""
        record = self.records.get(name)
        if record is None:
            raise not_found()
        return record

    def is_running(self, record: Record) -> bool:
        return record[self.status_member] in _RUNNING


training_jobs = JobStore("Training job", "TrainingJobStatus")
processing_jobs = JobStore("Processing job", "ProcessingJobStatus")
tuning_jobs = JobStore("Hyperparameter tuning job", "HyperParameterTuningJobStatus")
tags_by_arn = AccountRegionScopedDict()

_STORES = {"training": training_jobs, "processing": processing_jobs, "tuning": tuning_jobs}


def snapshot() -> dict[str, Any]:
    """All records, for MiniStack's persistence."""
    state: dict[str, Any] = {kind: copy.deepcopy(store.records) for kind, store in _STORES.items()}
    state["tags"] = copy.deepcopy(tags_by_arn)
    return state


def restore(state: dict[str, Any]) -> list[tuple[str, Record]]:
    """Take over saved records.

    Returns
    -------
    list of (kind, record)
        The jobs that were running when the state was saved.
    """
    for kind, store in _STORES.items():
        # No `or {}` here: such a store is falsy when it has nothing in the current region.
        store.records.update(state.get(kind, {}))
    tags_by_arn.update(state.get("tags", {}))
    return [(kind, record) for kind, store in _STORES.items()
            for record in store.records.all_values() if store.is_running(record)]


def clear() -> None:
    for store in _STORES.values():
        store.records.clear()
    tags_by_arn.clear()
