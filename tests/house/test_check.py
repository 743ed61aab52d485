"""``make check`` asks all that the Makefile can ask, whatever the first one says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_it_asks_each_question_and_goes_on_when_one_is_answered_badly() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(check-[a-z]+):$", text, re.M))
    done = subprocess.run(
        # no tool's own command is run: each is "false", which is how it would complain
        ["make", "--always-make", "PYTHON=true", "VENV=false #", "check"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    asked = set(re.findall(r"(check-[a-z]+)\] Error", done.stderr))
    assert len(targets) == 9
    assert targets - asked <= {"check-templates", "check-imports"}
