from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations_app.integrations.adapters.nova_database import MySqlNovaDb
from pretend import PretendCloud
from tests.integrations.adapters import cell
from tests.integrations.adapters.clouds import HandClock, LabPlace, Place, PretendPlace
from tests.integrations.adapters.mariadb import MariaDb


@pytest.fixture(
    scope="session",
    params=[
        "pretend",
        pytest.param("openstack", marks=[pytest.mark.lab, pytest.mark.proves("calls")]),
    ],
)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """A cloud that tests make their own servers in; once for each kind of cloud."""
    folder = tmp_path_factory.mktemp(request.param)
    found: Place
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "pretend":
            found = PretendPlace(folder)
        else:
            lab = request.getfixturevalue("lab")
            patch.setenv("OS_CLIENT_CONFIG_FILE", str(folder / "clouds.yaml"))
            found = LabPlace(Path(lab["clouds_yaml"]), folder)
        yield found
        found.close()


@pytest.fixture(scope="session")
def resting(place: Place) -> str:
    """The id of a running server on compute-30 that no test changes."""
    return place.boot()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def cloud(tmp_path: Path, clock: HandClock) -> PretendCloud:
    """Two hosts in zone OS1, one in OS2."""
    cloud = PretendCloud("pretend", tmp_path / "cloud.sqlite3", clock=clock)
    for host, zone in (("compute-30", "OS1"), ("compute-34", "OS1"), ("c-2", "OS2")):
        cloud.add_host(host, zone=zone)
    return cloud


@pytest.fixture
def web(cloud: PretendCloud) -> str:
    return cloud.create("web", host="compute-30")


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDb]:
    """A MariaDB server; skips, loudly, where none is installed."""
    made = MariaDb(tmp_path_factory.mktemp("mariadb"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def nova(mariadb: MariaDb) -> MariaDb:
    """The database of a cell."""
    cell.fill(mariadb)
    return mariadb


@pytest.fixture
def options(nova: MariaDb, tmp_path: Path) -> Path:
    return nova.options(tmp_path / "nova-db.cnf")


@pytest.fixture
def db(options: Path) -> MySqlNovaDb:
    return MySqlNovaDb(options)
