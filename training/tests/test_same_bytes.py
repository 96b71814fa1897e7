"""The same rows, definition and seed give the same model in whatever process trains it: its digest is its name."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from jobs import TRAINING
from test_every_algorithm import CASES, fit, mixed_job


def model_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of the ONNX file of every built-in algorithm that can be trained here, on small data."""
    trainable = [case for case in CASES if case[0] != "lightgbm" or find_spec("lightgbm")]
    digests = {}
    for name, task in trainable:
        content = fit(mixed_job(folder / f"{name}-{task}", name, task, rows=60)).to_onnx()
        digests[f"{name}-{task}"] = hashlib.sha256(content).hexdigest()
    return digests


def test_two_processes_give_the_same_bytes(tmp_path: Path) -> None:
    def digests_of(seed: str) -> dict[str, str]:
        # Sets and dictionaries are walked in another order under another hash seed.
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(TRAINING)}
        command = [sys.executable, __file__, str(tmp_path / seed)]
        printed = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=True)
        return json.loads(printed.stdout.splitlines()[-1])

    one, other = digests_of("1"), digests_of("2")
    assert len(one) >= len(CASES) - 2
    assert one == other


if __name__ == "__main__":
    print(json.dumps(model_digests(Path(sys.argv[1]))))
