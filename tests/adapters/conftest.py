from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.clouds import LabPlace, Place, PretendPlace


@pytest.fixture(
    scope="session",
    params=["pretend", pytest.param("openstack", marks=pytest.mark.lab)],
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
