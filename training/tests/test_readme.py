"""The program in the README is the one that test_command.py runs."""

from __future__ import annotations

import re

from jobs import TRAINING
from test_command import OWN_PROGRAM


def test_the_program_in_the_readme_is_tried() -> None:
    snippets = re.findall(r"```python\n(.*?)```", (TRAINING / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert snippets == [OWN_PROGRAM.lstrip("\n")]
