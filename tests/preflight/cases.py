"""For every rule: a situation in which it speaks against a move, and one without."""

from __future__ import annotations

from dataclasses import replace

from migrations_app.integrations.interfaces import Agent, Base, Migration, Volume
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.rule import COLD, COLD_BY_DISABLING, MANUAL
from tests.preflight import device_cases
from tests.preflight.build import (
    BASE,
    FLAVOR,
    GIB,
    INSTANCES,
    OTHER,
    SOURCE,
    TARGET,
    WEB,
    by_hand,
    facts,
    group,
    guest,
    hypervisor,
    record,
    seen,
    server,
    service,
    stock,
)
from tests.preflight.case import BLOCKS, UNKNOWN, WARNS, Case, options


def other(kind: str = "live-migration") -> Migration:
    """A move of another instance from the same source."""
    return replace(record("running"), server_id="m-2", type=kind)


def large() -> Facts:
    return facts(server=server(flavor=replace(FLAVOR, ram_mb=256 * 1024)))


def made(content: str) -> dict[str, dict[str, Base]]:
    """What the file of an ephemeral disk holds on a host."""
    return {"made": {EPHEMERAL: Base(GIB, content, content)}}


STOPPED = server(vm_state="stopped", status="SHUTOFF", power_state=4)
VOLUME = Volume("v-1", "in-use", "OS1")
SECRET = replace(VOLUME, encrypted=True)
WITH_VOLUME = server(volumes=("v-1",))
FROM_VOLUME = server(image=None, volumes=("v-1",))
DRIVE = server(config_drive=True)
ROW = by_hand().row
assert ROW is not None
RBD = replace(guest().disks[0], kind="network", source="vms/disk", chain=())
RAW = replace(guest().disks[0], format="raw", chain=())
EPHEMERAL = f"{INSTANCES}/_base/ephemeral_5_0706d66"
SCRATCH = replace(guest().disks[0], chain=(EPHEMERAL,))

CASES: dict[str, Case] = device_cases.CASES | {
    "instance.source": Case(BLOCKS, facts(server=server(host=OTHER))),
    "instance.verify_resize": Case(BLOCKS, facts(server=server(vm_state="resized"))),
    "instance.state": Case(BLOCKS, facts(server=server(vm_state="error"))),
    "instance.task": Case(BLOCKS, facts(server=server(task_state="rebooting"))),
    "instance.lock": Case(WARNS, facts(server=server(locked=True))),
    "instance.migration": Case(BLOCKS, facts(migrations=(record("running"),))),
    "instance.shares": Case(BLOCKS, facts(shares=("s-1",))),
    "target.known": Case(BLOCKS, facts(), to="compute-99"),
    "target.not_source": Case(BLOCKS, facts(), to=SOURCE),
    "target.chosen": Case(BLOCKS, facts(), to=None, by=MANUAL),
    "disabling.needless": Case(WARNS, facts(), by=COLD_BY_DISABLING),
    "disabling.cost": Case(
        WARNS,
        facts(),
        facts(services=[service(OTHER, enabled=False)]),
        by=COLD_BY_DISABLING,
    ),
    "disabling.others": Case(
        BLOCKS,
        facts(under_way=(other("evacuation"),)),
        facts(under_way=(other(),)),
        by=COLD_BY_DISABLING,
    ),
    "manual.last": Case(WARNS, by_hand(), by=MANUAL),
    "manual.ways": Case(BLOCKS, facts(), by_hand(), by=MANUAL),
    "instance.power": Case(BLOCKS, facts(server=server(power_state=4))),
    "source.up": Case(BLOCKS, facts(services=[service(SOURCE, up=False)])),
    "target.choice": Case(
        BLOCKS,
        facts(services=[service(TARGET, up=False), service(OTHER, up=False)]),
        to=None,
        silent_to=None,
    ),
    "target.room": Case(BLOCKS, facts(hypervisor(TARGET, stock=stock(ram_mb=1)))),
    "target.up": Case(BLOCKS, facts(services=[service(TARGET, up=False)])),
    "target.enabled": Case(BLOCKS, facts(services=[service(TARGET, enabled=False)])),
    "instance.zone": Case(
        WARNS, facts(hypervisor(OTHER, zone="OS2")), to=None, silent_to=None
    ),
    "target.zone": Case(BLOCKS, facts(server=server(pinned_zone="OS2"))),
    "target.tenants": Case(
        WARNS,
        facts(hypervisor(TARGET, tenants=("p-2",))),
        facts(hypervisor(TARGET, tenants=("p-1", "p-2"))),
    ),
    "instance.hints": Case(
        WARNS,
        facts(server=server(hints={"different_host": ["x"]})),
        facts(server=server(hints={"group": "g-1"})),
    ),
    "group.affinity": Case(BLOCKS, facts(group=group("affinity"))),
    "group.anti_affinity": Case(
        BLOCKS,
        facts(group=group("anti-affinity", on=TARGET)),
        facts(group=group("anti-affinity")),
    ),
    "group.soft": Case(
        WARNS,
        facts(group=group("soft-anti-affinity", on=TARGET)),
        facts(group=group("soft-anti-affinity")),
    ),
    "target.hypervisor": Case(
        BLOCKS, facts(hypervisor(TARGET, version=7000000), release=25)
    ),
    "hosts.read": Case(UNKNOWN, seen(unread={TARGET: "It is silent."}), seen()),
    "hosts.versions": Case(WARNS, seen(target={"nova": "32.1.0"}), seen()),
    "target.cpu": Case(
        BLOCKS,
        seen(target={"takes_cpu": False, "cpu_why": "incompatible"}),
        seen(target={"takes_cpu": False, **options(libvirt__virt_type="qemu")}),
    ),
    "hosts.serial": Case(
        BLOCKS, seen(target=options(serial_console__enabled="true")), seen()
    ),
    "target.folder": Case(
        BLOCKS,
        seen(target={"folder_there": True}),
        seen(target={"folder_there": True, "shared": True}),
    ),
    "target.domain": Case(BLOCKS, seen(target={"domain": "shut off"}), seen()),
    "target.disk": Case(
        BLOCKS,
        seen(target={"free": 4 * GIB - 1}),
        seen(target={"free": 20 * GIB, "bases": {BASE: GIB}}),
    ),
    "hosts.instances_path": Case(
        BLOCKS, by_hand(target={"instances": "/srv/nova"}), by_hand(), by=MANUAL
    ),
    "disk.raw": Case(
        BLOCKS,
        seen(guest(RAW), target=options(libvirt__images_type="raw")),
        seen(guest(RAW)),
        by=COLD,
    ),
    "disk.ephemeral": Case(
        BLOCKS,
        seen(guest(SCRATCH), source=made("a"), target=made("b")),
        seen(guest(SCRATCH), source=made("a"), target=made("a")),
    ),
    "source.leftover": Case(WARNS, seen(source={"resize_there": True}), by=COLD),
    "disk.header": Case(
        BLOCKS,
        seen(guest(replace(RAW, refused="/i/disk begins as an image does"))),
    ),
    "disk.storage": Case(
        BLOCKS,
        seen(),
        seen(target={"shared": True}),
        options={"block_migration": False},
    ),
    "disk.backend": Case(
        BLOCKS,
        seen(source=options(libvirt__images_type="rbd")),
        seen(
            source=options(libvirt__images_type="rbd"),
            target=options(libvirt__images_type="rbd"),
        ),
    ),
    "disk.tunnelled": Case(
        BLOCKS,
        seen(
            source=options(libvirt__live_migration_tunnelled="True"),
            server=WITH_VOLUME,
        ),
        seen(source=options(libvirt__live_migration_tunnelled="True")),
    ),
    "disk.config_drive": Case(
        WARNS,
        facts(server=DRIVE),
        seen(
            guest(replace(guest().disks[0], source="/x/disk.config", device="disk")),
            server=DRIVE,
        ),
    ),
    "disk.image": Case(
        WARNS,
        seen(image_there=False),
        seen(image_there=False, target={"bases": {BASE: GIB}}),
    ),
    "disk.backing": Case(
        BLOCKS,
        seen(guest(replace(guest().disks[0], chain=(f"{INSTANCES}/_base/older",)))),
        seen(target={"bases": {}}),
    ),
    "disk.compared": Case(WARNS, seen(target={"libvirt": ""}), seen(), by=COLD),
    "instance.size": Case(WARNS, large()),
    "volume.known": Case(UNKNOWN, facts(withheld={"volumes": "Cinder refuses."})),
    "volume.encrypted": Case(
        UNKNOWN, facts(volumes=(SECRET,)), facts(volumes=(VOLUME,))
    ),
    "volume.zone": Case(
        WARNS,
        facts(hypervisor(TARGET, zone="OS2"), volumes=(VOLUME,)),
        facts(hypervisor(TARGET, zone="OS2"), volumes=(replace(VOLUME, zone="OS2"),)),
    ),
    "target.network": Case(
        BLOCKS,
        facts(agents=(Agent("OVN Controller agent", TARGET, alive=False),)),
        facts(agents=(Agent("OVN Controller agent", TARGET, alive=True),)),
    ),
    "hosts.vif": Case(
        WARNS,
        seen(target=options(compute__live_migration_wait_for_vif_plug="false")),
        seen(),
    ),
    "hosts.libvirt": Case(BLOCKS, seen(target={"libvirt_reaches": False}), seen()),
    "hosts.ssh": Case(BLOCKS, seen(target={"nova_reaches": False}), seen(), by=COLD),
    "manual.hosts": Case(
        BLOCKS, by_hand(unread={TARGET: "It is silent."}), by_hand(), by=MANUAL
    ),
    "manual.row": Case(
        BLOCKS, by_hand(withheld={"nova_db": "No such row."}), by_hand(), by=MANUAL
    ),
    "manual.allocation": Case(
        BLOCKS, by_hand(held={SOURCE: {"VGPU": 1}}), by_hand(), by=MANUAL
    ),
    "manual.tools": Case(
        BLOCKS, by_hand(target={"reaches": False}), by_hand(), by=MANUAL
    ),
    "manual.root": Case(BLOCKS, by_hand(server=FROM_VOLUME), by_hand(), by=MANUAL),
    "manual.volumes": Case(
        BLOCKS,
        by_hand(server=replace(STOPPED, volumes=("v-1",))),
        by_hand(),
        by=MANUAL,
    ),
    "manual.files": Case(BLOCKS, by_hand(guest(RBD)), by_hand(), by=MANUAL),
    "manual.bound": Case(
        BLOCKS, by_hand(row=replace(ROW, bound=("pinned CPUs",))), by_hand(), by=MANUAL
    ),
    "source.kept": Case(BLOCKS, seen(guest(kept=("snapshot",))), seen()),
}
# These are always said, since what they say is always so; and this is never against.
ALWAYS = {"disabling.needless", "manual.last"}
NEVER_AGAINST = {
    "source.queue": (
        facts(under_way=(other(),)),
        facts(under_way=(replace(other(), server_id=WEB),)),
    )
}
