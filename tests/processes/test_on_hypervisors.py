"""Live and cold, there and back, on real hypervisors with real disks.

The guest is the witness: it counts on its console, and keeps its boots on its disk.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.integrations.adapters.clouds import LabPlace
from tests.processes import site as installation
from tests.processes.conftest import MakeSite
from tests.processes.hypervisors import PATIENCE, Hypervisors
from tests.processes.hypervisors import until as in_time
from tests.processes.site import Site, approved, over, run_of
from tests.processes.test_on_the_lab import asked, expect_completed, expect_there, place

__all__ = ["place"]
pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]

FILES = ("console.log", "disk", "disk.info")
DRIVE = "disk.config"


@pytest.fixture
def hypervisors(lab: dict[str, Any], place: LabPlace) -> Hypervisors:
    if not lab["libvirt_hosts"]:
        pytest.skip("no hypervisors: this machine does not let us make namespaces")
    return Hypervisors(place, lab)


@pytest.fixture
def site(
    lab: dict[str, Any],
    hypervisors: Hypervisors,
    make_site: MakeSite,
    monkeypatch: pytest.MonkeyPatch,
) -> Site:
    monkeypatch.setattr(installation, "PATIENCE", PATIENCE)
    return make_site(
        NOVAWEB_CLOUDS="lab",
        OS_CLIENT_CONFIG_FILE=str(hypervisors.place.clouds_yaml),
        NOVAWEB_SSH=f"lab={lab['ssh_config']}",
    )


def expect_only_there(
    hypervisors: Hypervisors, server: str, host: str, *files: str
) -> None:
    """Nova, placement, neutron and all hosts say it is there, and nowhere else."""
    expect_there(hypervisors.place, server, host)
    whole = {host: [server, *(f"{server}/{name}" for name in sorted(files))]}

    def settled() -> bool:
        # Nova tidies the source up after it has said that the instance is at its target
        return (hypervisors.domains(server), hypervisors.folders(server)) == (
            {host: "running"},
            whole,
        )

    in_time(settled, f"one domain, and one folder with {files}, on {host}")


def there_and_back(hypervisors: Hypervisors) -> list[tuple[str, str]]:
    one, other = hypervisors.names[:2]
    return [(one, other), (other, one)]


def test_libvirt_learns_once_what_qemu_can(hypervisors: Hypervisors) -> None:
    def asked() -> set[str]:
        ask = "virsh domcapabilities --virttype qemu >/dev/null"
        kept = "stat -c '%n %y' /var/cache/libvirt/qemu/capabilities/*"
        return set(hypervisors.run(hypervisors.names[0], f"{ask}; {kept}").splitlines())

    learnt = asked()
    assert learnt
    assert learnt <= asked()


@pytest.mark.proves("live", layout="local")
def test_a_guest_that_is_moved_live_counts_on(
    site: Site, hypervisors: Hypervisors
) -> None:
    server = hypervisors.boot(hypervisors.names[0])
    site.work()
    for source, target in there_and_back(hypervisors):
        expect_only_there(hypervisors, server, source, *FILES)
        before = hypervisors.ticks(server)[-1]
        expect_completed(approved("lab", server, "live", target))
        expect_only_there(hypervisors, server, target, *FILES)
        after = hypervisors.later(server, before)
        assert after.boot == before.boot == 1
        assert after.uptime > before.uptime
    assert asked(hypervisors.place, server) == ["live-migration"] * 2


@pytest.mark.proves("cold", layout="local")
def test_a_guest_that_is_moved_cold_finds_its_disks_again(
    site: Site, hypervisors: Hypervisors
) -> None:
    server = hypervisors.boot(hypervisors.names[0], config_drive=True)
    site.work()
    for boot, (source, target) in enumerate(there_and_back(hypervisors), start=2):
        expect_only_there(hypervisors, server, source, *FILES, DRIVE)
        before = hypervisors.ticks(server)[-1]
        request = approved("lab", server, "cold", target)
        expect_completed(request)
        log = "\n".join(run_of(request).lines.values_list("text", flat=True))
        for disk in ("disk", DRIVE):
            assert f"Compared with {source}: {disk}: " in log
        expect_only_there(hypervisors, server, target, *FILES, DRIVE)
        after = hypervisors.later(server, before)
        assert (before.boot, after.boot) == (boot - 1, boot)
        # what it wrote until it was stopped is there
        said = hypervisors.said_of_its_disk(server)
        assert said >= (before.boot, before.tick)
        assert hypervisors.metadata(target, server)["uuid"] == server
    assert asked(hypervisors.place, server) == ["migrate", "confirmResize"] * 2


def test_a_folder_that_appears_on_the_target_voids_the_approval(
    site: Site, hypervisors: Hypervisors
) -> None:
    source, target = hypervisors.names[:2]
    server = hypervisors.boot(source)
    request = approved("lab", server, "live", target)
    folder = f"{hypervisors.instances}/{server}"
    hypervisors.run(target, f"mkdir {folder} && echo keep >{folder}/disk")
    try:
        before = hypervisors.ticks(server)[-1]
        site.work()
        assert over(request).state == "requested"
        expect_there(hypervisors.place, server, source)
        assert asked(hypervisors.place, server) == []
        assert hypervisors.domains(server) == {source: "running"}
        assert hypervisors.later(server, before).boot == 1
        assert hypervisors.run(target, f"cat {folder}/disk") == "keep\n"
    finally:
        hypervisors.run(target, f"rm -rf {folder}")
