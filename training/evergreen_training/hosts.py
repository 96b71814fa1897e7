"""The hosts of a training job, which share the rows and add up what each has found.

Source: the SageMaker training toolkit's SM_HOSTS and SM_CURRENT_HOST, and MASTER_PORT of its PyTorch containers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from .allreduce import Exchange, open_exchange

# The PyTorch containers of SageMaker set the same one.
_PORT = 7777


@dataclass(frozen=True)
class Hosts:
    """This host among those of the job.

    Attributes
    ----------
    rank : int
        Its place among them; the first, 0, prints the figures and writes the model.
    count : int
    exchange : Exchange or None
        The way to the others; None when there are none.
    """

    rank: int = 0
    count: int = 1
    exchange: Exchange | None = None

    def share(self, rows: np.ndarray) -> np.ndarray:
        """The rows this host works on: every `count`-th, so shares differ by one row at most."""
        return rows[self.rank :: self.count] if self.count > 1 else rows

    def add_up(self, values: np.ndarray) -> np.ndarray:
        """The sum of all hosts' vectors, the same bytes on each host."""
        return values if self.exchange is None else self.exchange.add_up(values)


ALONE = Hosts()


def is_first_host(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this host speaks for the job."""
    names, own = _names(environment)
    return own == names[0]


def count_hosts(environment: Mapping[str, str] = os.environ) -> int:
    """How many hosts train together."""
    return len(_names(environment)[0])


@cache
def join_hosts() -> Hosts:
    """Meet the other hosts of the job, once a process; a job of one host meets nobody.

    Raises
    ------
    JobError
        When a host does not come or does not answer in time.
    """
    names, own = _names(os.environ)
    if len(names) == 1:
        return ALONE
    rank = names.index(own)
    job = os.environ.get("TRAINING_JOB_NAME", "")
    port = int(os.environ.get("MASTER_PORT") or _PORT)
    return Hosts(rank, len(names), open_exchange(names, rank, port, job))


def _names(environment: Mapping[str, str]) -> tuple[list[str], str]:
    own = environment.get("SM_CURRENT_HOST") or "algo-1"
    names = sorted(json.loads(environment.get("SM_HOSTS") or "[]")) or [own]
    return names, own
