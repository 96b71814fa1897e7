"""Runs a training program and tells SageMaker why when it fails."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable

from .contract import failure_file
from .errors import JobError
from .figures import print_note

# SageMaker cuts the failure reason off here.
_LONGEST = 1024


def run_job(train: Callable[[], None]) -> None:
    """Run a training function as the program.

    A `JobError` becomes the job's failure reason as it is; anything else becomes one that points to the log. Both end
    the process with exit code 1.
    """
    warnings.showwarning = _note_warning
    try:
        train()
    except JobError as error:
        _fail(str(error))
    except MemoryError:
        _fail("the instance ran out of memory; set a larger instanceType in the definition, or use fewer rows")
    except Exception as error:  # the last stop: whatever it is, the job's reader gets a reason
        traceback.print_exc()
        _fail(f"training ended unexpectedly with {type(error).__name__}: {error}; the job's log has the details")


def _fail(reason: str) -> None:
    print(f"error: {reason}", file=sys.stderr, flush=True)
    file = failure_file(os.environ)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(reason[:_LONGEST], encoding="utf-8")
    except OSError as error:
        print(f"error: the reason could not be written to {file}: {error}", file=sys.stderr, flush=True)
    sys.exit(1)


def _note_warning(message: Warning | str, category: type[Warning], *_: object) -> None:
    print_note(f"{category.__name__}: {' '.join(str(message).split())}")
