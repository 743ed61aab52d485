"""Three losses that Nova calls a success, each staged on real hypervisors.

A person asks for the move by every way that loses the disks, and is told no. What comes
about all the same is held before its confirmation. What is staged on the target is
staged on a host that no other test moves anything to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from migrations_app.errors import Unfit
from migrations_app.preflight.finding import Finding, Severity
from migrations_app.preflight.rule import BY_NOVA, COLD, COLDLY, MANUAL, PROCEDURES
from migrations_app.requests import actions as request_actions
from migrations_app.requests.plan import AUTO
from migrations_app.runs import actions as run_actions
from tests.integrations.adapters.clouds import LabPlace
from tests.processes.conftest import MakeSite
from tests.processes.field import hypervisors, place
from tests.processes.hypervisors import Hypervisors, until
from tests.processes.site import Site, approved, over, person, run_of

__all__ = ["hypervisors", "place"]
pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]


class Asking:
    """A guest with an ephemeral and a swap disk, and who asks for its moves."""

    def __init__(
        self, lab: dict[str, Any], on: Hypervisors, server: str, site: Site
    ) -> None:
        self.on = on
        self.server = server
        self.site = site
        self.source, self.target = on.names[0], on.names[2]
        self.base = f"{on.instances}/_base"
        folder = Path(lab["clouds_yaml"]).parent / "etc" / "nova" / "hosts"
        self.conf = folder / f"{self.target}.conf"

    @contextmanager
    def configured(self, text: str) -> Iterator[None]:
        """Have the target's nova.conf say this, too, for a while."""
        before = self.conf.read_text(encoding="utf-8")
        self.conf.write_text(f"{before}\n{text}\n", encoding="utf-8")
        try:
            yield
        finally:
            self.conf.write_text(before, encoding="utf-8")

    def ask(self, procedure: str) -> None:
        request_actions.ask(
            by=person("requester"),
            instance=self.server,
            procedure=procedure,
            target=self.target,
            reason="A test of what Nova loses.",
            cloud="lab",
        )

    def forbidden(self, rule: str) -> dict[str, Finding]:
        """Return by which ways that rule forbids the move, with what it says."""
        advice = request_actions.preflight(
            by=person("requester"),
            instance=self.server,
            procedure=AUTO,
            target=self.target,
            cloud="lab",
        )
        if advice.recommended is not None:
            best = advice.recommended.findings
            assert not any(each.severity is Severity.BLOCKS for each in best)
        return {
            option.procedure: finding
            for option in advice.options
            for finding in option.findings
            if finding.rule == rule and finding.severity is Severity.BLOCKS
        }


@pytest.fixture(scope="module")
def guest(hypervisors: Hypervisors) -> str:
    return hypervisors.create(hypervisors.names[0], ephemeral_gb=1, swap_mb=64)


@pytest.fixture
def asking(
    lab: dict[str, Any],
    hypervisors: Hypervisors,
    place: LabPlace,
    guest: str,
    make_site: MakeSite,
) -> Asking:
    site = make_site(
        NOVAWEB_CLOUDS="lab",
        OS_CLIENT_CONFIG_FILE=str(place.clouds_yaml),
        NOVAWEB_SSH=f"lab={lab['ssh_config']}",
        NOVAWEB_NOVA_DB=f"lab={lab['nova_db_options']}",
    )
    return Asking(lab, hypervisors, guest, site)


def test_nothing_goes_to_a_host_that_keeps_instances_elsewhere(asking: Asking) -> None:
    with asking.configured("[DEFAULT]\ninstances_path = /var/lib/nova/elsewhere"):
        forbidden = asking.forbidden("hosts.instances_path")
        assert forbidden.keys() == set(PROCEDURES)
        for finding in forbidden.values():
            assert "/var/lib/nova/elsewhere" in finding.sentence
        with pytest.raises(Unfit):
            asking.ask(COLD)


def test_no_ephemeral_or_swap_disk_goes_onto_another_file(asking: Asking) -> None:
    on, here, there = asking.on, asking.source, asking.target
    listed = on.run(here, f"cd {asking.base} && ls ephemeral_1_* swap_64").split()
    ephemeral, swap = (f"{asking.base}/{name}" for name in listed)
    try:
        # as Nova makes them on each host
        on.run(
            there,
            f"mkdir -p {asking.base} && truncate -s 1G {ephemeral} && mkfs.vfat"
            f" -n ephemeral0 {ephemeral} && truncate -s 64M {swap} && mkswap {swap}",
        )
        forbidden = asking.forbidden("disk.ephemeral")
        # by hand it is carried along, under another name
        assert forbidden.keys() == set(BY_NOVA)
        for finding in forbidden.values():
            assert ephemeral in finding.sentence and swap in finding.sentence
        # where there is none Nova makes one
        on.run(there, f"rm {ephemeral} {swap}")
        assert asking.forbidden("disk.ephemeral").keys() == set(BY_NOVA)
        for path in (ephemeral, swap):
            on.run(here, f"rsync -S {path} {there}:{path}")
        assert asking.forbidden("disk.ephemeral") == {}
    finally:
        on.run(there, f"rm -f {ephemeral} {swap}")


def test_no_raw_disk_goes_where_it_would_be_converted(
    asking: Asking, place: LabPlace
) -> None:
    on, server = asking.on, asking.server
    place.cloud.stop(server)
    until(lambda: place.cloud.server(server).status == "SHUTOFF", "it to be off")
    # as it would be on a host with images_type = raw
    on.run(
        asking.source,
        f"cd {on.instances}/{server}"
        " && qemu-img convert -f qcow2 -O raw disk disk.raw && mv disk.raw disk"
        f" && virsh dumpxml --inactive {server} >domain"
        " && sed -i \"0,/type='qcow2'/s//type='raw'/\" domain"
        " && virsh define domain && rm domain",
    )
    with asking.configured("[libvirt]\nimages_type = raw"):
        forbidden = asking.forbidden("disk.raw")
        assert forbidden.keys() == set(COLDLY)
        assert "use_cow_images = False" in forbidden[COLD].remedy
        with asking.configured("[DEFAULT]\nuse_cow_images = False"):
            assert asking.forbidden("disk.raw") == {}


def test_a_disk_that_is_lost_is_held_with_both_copies_and_can_go_by_hand(
    asking: Asking, place: LabPlace
) -> None:
    on, here, there = asking.on, asking.source, asking.target
    server = on.create(here, ephemeral_gb=1, swap_mb=0)
    base = on.run(here, f"ls {asking.base}/ephemeral_1_*").strip()
    on.make_folder_of_bases(there)
    try:
        on.run(here, f"rsync -S {base} {there}:{base}")
        request = approved("lab", server, COLD, there)
        asking.site.work()
        until(lambda: place.cloud.server(server).status == "RESIZE", "it to be copied")
        # while the disks are copied the target makes that file again, as Nova would
        on.run(there, f"mkfs.vfat -n ephemeral0 {base}")

        held = over(request)
        assert held.state == "held", held.why
        for words in (
            f"{there} does not have the disks of ",
            "disk.eph0: ephemeral_1_",
            "has another content",
            "Do not confirm this migration",
        ):
            assert words in held.why
        assert place.cloud.server(server).status == "VERIFY_RESIZE"
        folders = on.folders(server)
        assert {f"{server}_resize/disk", f"{server}_resize/disk.eph0"} <= {
            *folders[here]
        }
        assert {f"{server}/disk", f"{server}/disk.eph0"} <= {*folders[there]}

        run_actions.go_back(run_of(request).pk, by=person("operator"), note="Lost.")
        assert over(request).state == "rolled_back"
        assert place.cloud.server(server).host == here
        until(lambda: on.domains(server) == {here: "running"}, "it to run as before")

        # by hand it can go there all the same, beside what lies there
        theirs, ours = (on.run(it, f"sha256sum {base}") for it in (there, here))
        request = approved("lab", server, MANUAL, there)
        moved = over(request)
        assert (moved.state, moved.why) == ("completed", "")
        placed = f"{base}-{request.token}"
        disk = f"{on.instances}/{server}/disk.eph0"
        chain = on.run(there, f"qemu-img info -U --backing-chain -f qcow2 {disk}")
        assert f"backing file: {placed}" in chain
        assert on.run(there, f"sha256sum {placed}").split()[0] == ours.split()[0]
        assert on.run(there, f"sha256sum {base}") == theirs != ours
    finally:
        on.run(there, f"rm -f {base} {base}-*")
