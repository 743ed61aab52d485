"""What the commands of the survey find out, run by a real shell with stand-in tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import host_survey_parser
from migrations_app.integrations.host_commands.host_survey import look_at_host, survey
from migrations_app.integrations.interfaces import HostFacts
from tests.integrations.host_commands.stand_in import WEB, Host, Several, running

pytestmark = pytest.mark.server


def test_it_reads_what_a_host_is_and_has_of_an_instance(host: Host) -> None:
    host.boot()
    (host.instances / "_base" / "b").write_bytes(b"z" * 700)
    (host.instances / f"{WEB}_resize").mkdir()
    found = host.says()
    assert (found.libvirt, found.qemu, found.rsync) == ("10.0.0", "8.2.2", "3.2.7")
    assert found.nova == "33.1.0"
    assert found.instances == str(host.instances)
    assert (found.folder_there, found.resize_there) == (True, True)
    assert found.domain == "running"
    assert found.bases == {f"{host.instances}/_base/b": 700}
    assert found.free is not None
    assert found.free > 0
    assert len(found.filesystem.split()) == 2


def test_it_finds_nothing_of_an_instance_that_is_not_there(host: Host) -> None:
    found = host.says()
    assert (found.folder_there, found.resize_there) == (False, False)
    assert found.domain == ""


def test_of_the_configuration_only_chosen_options_leave_the_host(host: Host) -> None:
    answer = host.run("compute-30", look_at_host(server_id=WEB))
    assert "hunter2" not in answer
    assert host.says().settings == {
        "DEFAULT.state_path": str(host.root / "state"),
        "DEFAULT.instances_path": str(host.instances),
        "DEFAULT.use_cow_images": "False",
        "DEFAULT.my_ip": "192.0.2.7",
        "libvirt.live_migration_inbound_addr": "inbound.example.org",
        "libvirt.migration_inbound_addr": "192.0.2.7",
        "libvirt.virt_type": "kvm",
    }


def test_without_its_configuration_it_is_not_known_where_instances_are(
    host: Host,
) -> None:
    (host.root / "nova.conf").unlink()
    found = host.says()
    assert found.instances == ""
    assert (found.free, found.folder_there) == (None, None)
    assert found.settings == {}


def test_there_is_no_domain_only_where_libvirt_says_so(host: Host) -> None:
    host.tool("virsh", "#!/bin/sh\necho 'error: failed to connect' >&2\nexit 1\n")
    found = host.says()
    assert (found.domain, found.silent) == (None, "error: failed to connect")


def test_it_reads_a_guest_and_its_disks(host: Host) -> None:
    host.boot()
    found = host.guest()
    assert found is not None
    assert (found.domain, found.state, found.type) == ("instance-2a", "running", "kvm")
    assert found.machine == "pc-q35-8.2"
    assert "Skylake" in found.cpu
    assert found.folder == str(host.folder)
    assert [(it.target, it.device, it.kind) for it in found.disks] == [
        ("vda", "disk", "file"),
        ("hda", "cdrom", "file"),
        ("vdb", "disk", "network"),
    ]
    disk = found.disks[0]
    base = f"{host.instances}/_base/b"
    assert (disk.virtual_size, disk.taken, disk.chain) == (2000, 100, (base,))
    assert disk.refused == ""
    files = {file.name: file for file in found.files}
    assert files.keys() == {"disk", "disk.config"}
    assert files["disk"].size == 5000
    assert (found.nvram, found.tpm, found.devices, found.pinned) == (
        "",
        False,
        (),
        False,
    )


@pytest.mark.parametrize(
    "named",
    [
        r"\0074/metadata\0076\0074devices\0076\0074tpm/\0076",
        r"web\c",
        r"\n== end",
        "\u2028== state",
    ],
)
def test_no_name_of_an_instance_changes_what_its_domain_says(
    host: Host, named: str
) -> None:
    host.boot()
    plain = host.guest()
    path = host.root / "domain.xml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("== state", named), encoding="utf-8"
    )
    assert plain is not None
    assert host.guest() == plain


def test_it_asks_of_no_disk_in_another_format_than_the_domain_says(host: Host) -> None:
    host.boot()
    host.guest()
    asked = (host.root / "asked").read_text(encoding="utf-8").splitlines()
    formats = {line.rpartition("/")[2]: line.split(" -f ")[1] for line in asked}
    assert formats["disk"].startswith("qcow2 ")
    assert formats["disk.config"].startswith("raw ")


def test_it_sees_what_ties_a_guest_to_its_host(host: Host) -> None:
    host.boot(
        os_="<nvram>/var/lib/x.fd</nvram>",
        top="<cputune><vcpupin vcpu='0' cpuset='4'/></cputune><launchSecurity/>",
        devices="<tpm/><hostdev type='mdev'/><interface type='hostdev'/>"
        "<interface type='ethernet'/><memory model='nvdimm'/>"
        "<video><model type='qxl' ram='65536'/></video>",
    )
    found = host.guest()
    assert found is not None
    assert (found.io_pinned, found.video) == (False, "qxl")
    assert (found.nvram, found.tpm, found.pinned) == ("/var/lib/x.fd", True, True)
    assert found.devices == ("mdev", "network", "pmem", "sev")


def test_a_guest_with_the_hosts_own_cpu_is_compared_by_that(host: Host) -> None:
    host.boot()
    path = host.root / "domain.xml"
    text = path.read_text().replace("mode='custom'", "mode='host-passthrough'")
    path.write_text(text, encoding="utf-8")
    found = host.guest()
    assert found is not None
    assert found.cpu == "<cpu>\n<model>Host</model>\n</cpu>"


def test_there_is_no_guest_without_a_domain(host: Host) -> None:
    assert host.guest() is None


@pytest.mark.parametrize(
    ("source", "target", "shared"),
    [
        (HostFacts("a", folder_there=True), HostFacts("b", folder_there=False), False),
        (
            HostFacts("a", folder_there=True, folder_mark="7:1"),
            HostFacts("b", folder_there=True, folder_mark="7:1"),
            True,
        ),
        (
            HostFacts("a", folder_there=True, folder_mark="7:1"),
            HostFacts("b", folder_there=True, folder_mark="9:1"),
            False,
        ),
        (
            HostFacts("a", filesystem="nfs4 n:/x"),
            HostFacts("b", filesystem="nfs4 n:/x"),
            True,
        ),
        (
            HostFacts("a", filesystem="nfs4 n:/x"),
            HostFacts("b", filesystem="nfs4 n:/y"),
            None,
        ),
        (
            HostFacts("a", filesystem="xfs /dev/a"),
            HostFacts("b", filesystem="xfs /dev/a"),
            False,
        ),
        (HostFacts("a"), HostFacts("b"), None),
    ],
)
def test_it_tells_whether_storage_is_shared(
    source: HostFacts, target: HostFacts, shared: bool | None
) -> None:
    assert host_survey_parser.shared(source, target) is shared


def test_an_answer_without_its_end_is_no_answer() -> None:
    with pytest.raises(Blocked, match="ended too early"):
        host_survey_parser.host("compute-30", "Welcome to compute-30!\n", WEB)


def test_it_puts_together_what_both_hosts_say(host: Host) -> None:
    host.boot()
    found = survey(host, server_id=WEB, source="compute-30", target="compute-34")
    assert found.unread == {}
    assert found.guest is not None
    assert found.target is not None
    assert found.target.takes_machine
    assert found.target.takes_cpu
    assert found.target.libvirt_reaches
    assert found.target.nova_reaches is False
    assert found.target.said["nova"] == "nova@host: Permission denied (publickey)"
    assert found.target.shared  # both are the same folder here


@pytest.mark.parametrize(
    ("version", "returns", "said"),
    [
        ("30.0.0", False, "nova@host: Permission denied (publickey)"),
        ("30.1.0", None, None),
    ],
)
def test_the_way_back_is_tried_where_the_target_brings_the_config_drive(
    tmp_path: Path, version: str, returns: bool | None, said: str | None
) -> None:
    hosts: dict[str, Host] = {}
    for name in ("compute-30", "compute-34"):
        (tmp_path / name).mkdir()
    with (
        running(tmp_path / "compute-30") as hosts["compute-30"],
        running(tmp_path / "compute-34") as hosts["compute-34"],
    ):
        packages = hosts["compute-34"].root / "venv/lib/python3.11/site-packages"
        (packages / "nova-33.1.0.dist-info").rename(
            packages / f"nova-{version}.dist-info"
        )
        hosts["compute-30"].boot()
        found = survey(
            Several(hosts), server_id=WEB, source="compute-30", target="compute-34"
        )
    assert found.target is not None
    assert found.target.nova == version
    assert found.target.nova_returns is returns
    assert found.target.said.get("back") == said


def test_it_reads_on_both_hosts_what_ephemeral_disks_stand_on(tmp_path: Path) -> None:
    hosts: dict[str, Host] = {}

    for name in ("compute-30", "compute-34"):
        (tmp_path / name).mkdir()
    with (
        running(tmp_path / "compute-30") as hosts["compute-30"],
        running(tmp_path / "compute-34") as hosts["compute-34"],
    ):
        source = hosts["compute-30"]
        base = source.instances / "_base" / "ephemeral_1_default"
        base.write_bytes(b"made by mkfs")
        for each in hosts.values():
            each.stand_on(base)
        source.boot()
        found = survey(
            Several(hosts), server_id=WEB, source="compute-30", target="compute-34"
        )
    assert found.target is not None
    assert found.target.shared is False
    # to both it is the same file, being on this one machine
    made = found.source.made[str(base)]
    assert (made.size, bool(made.head), bool(made.whole)) == (12, True, True)
    assert found.target.made == found.source.made


def test_a_host_that_does_not_answer_is_named_and_nothing_is_raised(host: Host) -> None:
    host.boot()
    hosts = Several({"compute-30": host})
    found = survey(hosts, server_id=WEB, source="compute-30", target="compute-34")
    assert found.unread == {"compute-34": "compute-34 is silent."}
    assert found.guest is not None
    assert found.source.domain == "running"


def test_a_host_that_never_had_an_instance_answers_too(host: Host) -> None:
    (host.instances / "_base").rmdir()
    assert host.says().bases == {}
