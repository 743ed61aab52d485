"""Each module here has a lab laid out as its ``LAYOUT`` says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integrations.adapters.clouds import LabPlace
from tests.layout_plugin import laid_out
from tests.processes.field import Field, field, place
from tests.processes.layouts.guests import Guests
from tests.processes.layouts.moves import Kept

__all__ = ["field", "place"]


@pytest.fixture(scope="module")
def lab(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    log = tmp_path_factory.mktemp("lab") / "lab.log"
    with laid_out(request.module.LAYOUT, log) as facts:
        yield facts


@pytest.fixture(scope="module")
def hypervisors(lab: dict[str, Any], place: LabPlace) -> Guests:
    return Guests(place, lab)


@pytest.fixture(scope="module")
def kept(hypervisors: Guests) -> Kept:
    """A guest that all tests of a module move, one after the other."""
    host = hypervisors.names[0]
    server = hypervisors.boot(host)
    return Kept(hypervisors, server, hypervisors.contents(host, server))


@pytest.fixture
def it(kept: Kept, field: Callable[[str], Field]) -> Field:
    """That guest beside an installation."""
    return field(kept.server)
