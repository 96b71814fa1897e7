"""How many threads of OpenMP training takes."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

# Below so many numbers one thread is quicker than several.
FEW_CELLS = 1_000_000


def threads_for(cells: int) -> AbstractContextManager[Any]:
    """One thread for small data: there the threads wait for each other longer than they work, on a machine whose cores
    have other work ten times as long."""
    if cells >= FEW_CELLS:
        return nullcontext()
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)
