"""Labs of other layouts, for the tests that are marked ``layout``: one at a time.

Such a test runs only when pytest gets ``--layouts``: each module of them brings up a
lab whose hypervisors are laid out as it says (docs/lab.md), and takes it down, which
takes minutes. Their lab is one of its own, beside that of the other tests.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.settings import Settings, from_environment
from tests.lab_plugin import CANNOT_RUN_HERE, PATIENCE, ROOT

LAB = {
    "NOVAWEB_LAB_NAME": "layout",
    "NOVAWEB_LAB_ADDRESS": "127.0.0.24",
    "NOVAWEB_LAB_LIBVIRT": "1",
    "NOVAWEB_LAB_FAKE_HOSTS": "0",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--layouts",
        action="store_true",
        help="run the tests on other layouts of hypervisors, a lab each (root)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    marked = [it for it in items if it.get_closest_marker("layout")]
    for item in marked:
        # one process: their labs follow on each other
        item.add_marker(pytest.mark.xdist_group("layouts"))
    if marked and not config.getoption("--layouts"):
        config.hook.pytest_deselected(items=marked)
        items[:] = [it for it in items if not it.get_closest_marker("layout")]


@contextmanager
def laid_out(layout: str, log: Path) -> Iterator[dict[str, Any]]:
    """A fresh lab of that layout is up; what it leaves is in PREFIX/layout.

    Skips, loudly, where there can be none. Gives its facts.
    """
    environment = {**os.environ, **LAB, "NOVAWEB_LAB_LAYOUT": layout}
    settings = from_environment(environment)
    with _our_turn():
        try:
            # what a killed pytest has left
            _lab("down", environment, log)
            shutil.rmtree(settings.root, ignore_errors=True)
            _lab("up", environment, log)
            yield _facts(settings)
        finally:
            _lab("down", environment, log)


@contextmanager
def _our_turn() -> Iterator[None]:
    """No other pytest on this machine uses that lab."""
    deadline = time.monotonic() + 3 * PATIENCE
    with socket.socket(socket.AF_UNIX) as turn:
        while True:
            try:
                turn.bind("\0novaweb-lab-of-the-layouts")
                break
            except OSError:
                if time.monotonic() > deadline:
                    pytest.fail("Another pytest has the lab of the layouts.")
                time.sleep(1)
        yield


def _lab(verb: str, environment: dict[str, str], log: Path) -> None:
    with log.open("ab") as sink:
        done = subprocess.run(
            [sys.executable, "-m", "lab", verb],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            timeout=PATIENCE,
            start_new_session=True,  # Ctrl-C is ours to answer
            check=False,
        )
    said = log.read_text(errors="replace")[-3000:]
    if done.returncode == CANNOT_RUN_HERE:
        pytest.skip(f"no lab: {said.strip().splitlines()[-1]}")
    assert done.returncode == 0, f"`lab {verb}` failed:\n{said}"


def _facts(settings: Settings) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(settings.facts_json.read_text(encoding="utf-8"))
    return facts
