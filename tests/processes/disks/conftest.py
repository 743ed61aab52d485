"""What only ``python -m proof.disks`` runs, on a lab that it has brought up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integrations.adapters.clouds import LabPlace
from tests.processes.disks.whole import Whole
from tests.processes.field import field, place

__all__ = ["field", "place"]
FACTS = "--disks"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(FACTS, metavar="FACTS.json", help="of the lab that is up")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    asked = config.getoption(FACTS, default=None)
    return None if asked or collection_path.suffix != ".py" else True


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> dict[str, Any]:
    file = Path(request.config.getoption(FACTS))
    facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return facts


@pytest.fixture(scope="module")
def hypervisors(lab: dict[str, Any], place: LabPlace) -> Iterator[Whole]:
    whole = Whole(place, lab)
    try:
        yield whole
    finally:
        whole.close()
