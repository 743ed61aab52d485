"""A lab's settings in a folder of the test's own; nothing of OpenStack runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab import processes
from lab.settings import VARIABLE_PREFIX, Settings, from_environment

MakeLab = Callable[..., Settings]


@pytest.fixture
def make_lab(tmp_path: Path) -> Iterator[MakeLab]:
    """Return a function that makes the settings of a lab below `tmp_path`.

    Whatever a test has started in these labs is ended after it.
    """
    made: list[Settings] = []

    def make(**variables: str) -> Settings:
        given = {"PREFIX": str(tmp_path)} | variables
        environ = {VARIABLE_PREFIX + name: value for name, value in given.items()}
        settings = from_environment(environ)
        settings.run.joinpath("tmp").mkdir(parents=True, exist_ok=True)
        made.append(settings)
        return settings

    yield make
    for settings in made:
        processes.sweep(settings)
