"""A lab, an installation beside it and one guest: what moves by hand are tried on.

The fixtures are for the modules that import them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrations_app.models import MigrationRequest, Run, Step
from tests.integrations.adapters.clouds import LabPlace
from tests.processes.conftest import MakeSite
from tests.processes.hypervisors import Hypervisors
from tests.processes.site import Site, approved, over, run_of, until

FOLDER = "/var/lib/nova/instances"
SLOW = 1  # Mbit/s: a copy of a small disk lasts some seconds


class Field:
    """One installation beside a lab, and one guest in it."""

    def __init__(
        self, place: LabPlace, hypervisors: Hypervisors, site: Site, server: str
    ) -> None:
        self.place = place
        self.on = hypervisors
        self.site = site
        self.server = server

    @property
    def host(self) -> str:
        return str(self.place.cloud.server(self.server).host)

    @property
    def elsewhere(self) -> str:
        return next(name for name in self.on.names if name != self.host)

    def define(self) -> None:
        """One that was moved while it was off has no domain until it is started."""
        cloud = self.place.cloud
        if self.on.domains(self.server):
            return
        cloud.start(self.server)
        until(lambda: cloud.server(self.server).status == "ACTIVE", "it to run")
        cloud.stop(self.server)
        until(lambda: cloud.server(self.server).status == "SHUTOFF", "it to be off")

    def move(self, target: str, **options: Any) -> MigrationRequest:
        if "bandwidth" in options:
            self.carry_base(target)
        return approved("lab", self.server, "manual", target, **options)

    @property
    def base(self) -> str:
        """The path of the image that the guest's disk stands on."""
        disk = f"{self.on.instances}/{self.server}/disk"
        info = self.on.run(self.host, f"qemu-img info --output=json {disk}")
        return str(json.loads(info)["full-backing-filename"])

    def carry_base(self, target: str) -> None:
        """The target has that image: it would be copied as slowly as the disk."""
        self.on.make_folder_of_bases(target)
        base = self.base
        self.on.run(self.host, f"rsync -aS --ignore-existing {base} {target}:{base}")

    def during(self, request: MigrationRequest, key: str) -> Run:
        """Return the run once that step was asked for and is not done."""
        run = run_of(request)

        def under_way() -> Step | None:
            assert not run.steps.filter(key=key, done_at__isnull=False).exists()
            return run.steps.filter(key=key, asked_at__isnull=False).first()

        until(under_way, f"{key} to be under way")
        return run

    def expect_there(
        self, host: str, request: MigrationRequest, status: str, *, aside: str
    ) -> None:
        """All the world says that it is on that host, and nowhere else."""
        server = self.place.cloud.server(self.server)
        assert (server.host, server.status, server.locked) == (host, status, False)
        assert set(self.place.cloud.allocations(self.server)) == {host}
        assert {port.host for port in self.place.cloud.ports(self.server)} == {host}
        states = {"ACTIVE": {host: "running"}, "SHUTOFF": {}}
        domains = self.on.domains(self.server)
        assert domains == states[status] or (
            status == "SHUTOFF" and domains == {host: "shut off"}
        )
        aside_name = f"{self.server}.novaweb-{request.token}"
        expected = {host: {self.server}} | ({aside: {aside_name}} if aside else {})
        found = {
            name: {path.split("/")[0] for path in paths}
            for name, paths in self.on.folders(self.server).items()
        }
        assert found == expected


@pytest.fixture(scope="module")
def place(
    lab: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LabPlace]:
    folder = tmp_path_factory.mktemp("by-hand")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OS_CLIENT_CONFIG_FILE", str(folder / "clouds.yaml"))
        place = LabPlace(Path(lab["clouds_yaml"]), folder)
        try:
            yield place
        finally:
            place.close()


@pytest.fixture(scope="module")
def hypervisors(lab: dict[str, Any], place: LabPlace) -> Hypervisors:
    if not lab["libvirt_hosts"]:
        pytest.skip("this machine cannot hold hypervisors")
    return Hypervisors(place, lab)


@pytest.fixture(scope="module")
def off(hypervisors: Hypervisors, place: LabPlace) -> str:
    """A guest with a config drive that has run, and is off."""
    server = hypervisors.boot(hypervisors.names[0], config_drive=True)
    place.cloud.stop(server)
    until(lambda: place.cloud.server(server).status == "SHUTOFF", "it to be off")
    return server


@pytest.fixture
def field(
    lab: dict[str, Any],
    hypervisors: Hypervisors,
    place: LabPlace,
    tmp_path: Path,
    make_site: MakeSite,
) -> Iterator[Callable[[str], Field]]:
    options = tmp_path / "nova-db.cnf"
    shutil.copy(lab["nova_db_options"], options)
    site = make_site(
        NOVAWEB_CLOUDS="lab",
        OS_CLIENT_CONFIG_FILE=str(place.clouds_yaml),
        NOVAWEB_SSH=f"lab={lab['ssh_config']}",
        NOVAWEB_NOVA_DB=f"lab={options}",
    )
    made: list[Field] = []

    def make(server: str) -> Field:
        made.append(Field(place, hypervisors, site, server))
        made[-1].define()
        return made[-1]

    try:
        yield make
    finally:
        for each in made:
            for host in hypervisors.names:
                aside = f"{hypervisors.instances}/{each.server}.novaweb-*"
                hypervisors.run(host, f"rm -rf {aside}")


def expect_completed(request: MigrationRequest) -> None:
    request = over(request)
    assert (request.state, request.why) == ("completed", "")
