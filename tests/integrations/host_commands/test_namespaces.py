"""Hosts whose nova-compute and libvirt live in containers, with a real sshd."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from migrations_app.integrations.host_commands import (
    compute_log,
    domjobinfo,
    host_survey_parser,
    host_ways,
    libvirt_domains,
)
from migrations_app.integrations.host_commands.guest_survey import look_at_guest
from migrations_app.integrations.host_commands.host_survey import look_at_host
from migrations_app.integrations.host_commands.host_ways import Way
from migrations_app.integrations.interfaces import Command, HostFacts
from tests.integrations.adapters.sshd import Sshd, make_key
from tests.integrations.host_commands.container import INSIDE, UID, contained, path, run
from tests.integrations.host_commands.stand_in import WEB

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(os.geteuid() != 0, reason="namespaces are root's to enter"),
]
NOVA = "/usr/bin/nova-compute"
SOURCE = HostFacts("compute-30", instances="/i")
TARGET = HostFacts(
    "compute-34",
    instances="/i",
    settings={"libvirt.migration_inbound_addr": "127.0.0.1"},
)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    made = Sshd(tmp_path_factory.mktemp("sshd"))
    made.start()
    yield made
    made.stop()


def files(folder: Path, sshd: Sshd, *, options: Sequence[str] = ()) -> Path:
    """Return a container's files: its passwd knows nova, who has Nova's usual keys."""
    made = folder / "files"
    ssh = made / "home" / ".ssh"
    ssh.mkdir(parents=True)
    (made / "passwd").write_text(
        f"root:x:0:0::/root:/bin/sh\nnova:x:{UID}:{UID}::{INSIDE}/home:/bin/sh\n",
        encoding="ascii",
    )
    (ssh / "id_ed25519").write_bytes(sshd.key.read_bytes())
    (ssh / "id_ed25519").chmod(0o600)
    given = options or ("StrictHostKeyChecking no", "UserKnownHostsFile /dev/null")
    lines = ["Host *", f"Port {sshd.port}", "User root", *given]
    (ssh / "config").write_text("\n  ".join(lines) + "\n", encoding="ascii")
    return made


def ways(folder: Path, *, nova: int) -> dict[str, Way]:
    text = host_ways.try_ways(SOURCE, TARGET).text
    return host_ways.read(run(text, path(folder / "path", nova=nova)))


# as doc/source/admin/ssh-configuration.rst of Nova has it, on a host that knows no nova
@pytest.mark.parametrize("kinds", [("--mount",), ("--mount", "--uts")])
def test_nova_goes_by_its_own_files_keys_and_number(
    tmp_path: Path, sshd: Sshd, kinds: Sequence[str]
) -> None:
    with contained(files(tmp_path, sshd), NOVA, kinds=kinds) as nova:
        assert ways(tmp_path, nova=nova)["nova"] == Way(open=True)


def test_nova_goes_by_its_own_network(tmp_path: Path, sshd: Sshd) -> None:
    with contained(files(tmp_path, sshd), NOVA, kinds=("--mount", "--net")) as nova:
        found = ways(tmp_path, nova=nova)["nova"]
    assert found.open is False
    assert "Network is unreachable" in found.said


def test_a_key_that_the_target_does_not_take_is_told(
    tmp_path: Path, sshd: Sshd
) -> None:
    made = files(tmp_path, sshd)
    (made / "home/.ssh/id_ed25519").unlink()
    make_key(made / "home/.ssh/id_ed25519")
    with contained(made, NOVA) as nova:
        found = ways(tmp_path, nova=nova)["nova"]
    assert found.open is False
    assert found.said.startswith("root@127.0.0.1: Permission denied (publickey")


def test_a_host_key_that_nova_does_not_know_is_told(tmp_path: Path, sshd: Sshd) -> None:
    made = files(tmp_path, sshd, options=["UserKnownHostsFile /dev/null"])
    with contained(made, NOVA) as nova:
        found = ways(tmp_path, nova=nova)["nova"]
    assert found == Way(open=False, said="Host key verification failed")


def test_a_number_that_no_passwd_knows_closes_no_way(
    tmp_path: Path, sshd: Sshd
) -> None:
    made = files(tmp_path, sshd)
    (made / "passwd").write_text("root:x:0:0::/root:/bin/sh\n", encoding="ascii")
    with contained(made, NOVA) as nova:
        found = ways(tmp_path, nova=nova)["nova"]
    assert found == Way(None, f"No user exists for uid {UID}")


def test_what_is_in_a_user_namespace_of_its_own_is_not_novas(tmp_path: Path) -> None:
    """Any account can be root in one."""
    if subprocess.run(["unshare", "--user", "true"], check=False).returncode:
        pytest.skip("no user namespaces here")
    with (
        tempfile.TemporaryDirectory() as folder,
        _waiting("unshare", "--user", "sh", "-euc", "read -r end") as space,
    ):
        until(lambda: _user_namespace(space) != _user_namespace("self"))
        for kind in ("uid", "gid"):
            Path(f"/proc/{space}/{kind}_map").write_text("0 100000 65536", "ascii")
        Path(folder).chmod(0o755)
        shell = shutil.copy("/bin/sh", f"{folder}/python3")
        enter = ["nsenter", "-t", f"{space}", "-U", "-S", f"{UID}", "-G", f"{UID}"]
        with _waiting(*enter, "--", shell, "-euc", "read -r end") as nova:
            until(lambda: os.stat(f"/proc/{nova}").st_uid == 100000 + UID)
            found = ways(tmp_path, nova=nova)["nova"]
    assert found == Way(None, "no nova-compute runs there")


@contextmanager
def _waiting(*words: str) -> Iterator[int]:
    """Have a process that waits; its number."""
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        try:
            yield process.pid
        finally:
            process.kill()


def _user_namespace(pid: int | str) -> str:
    return os.readlink(f"/proc/{pid}/ns/user")


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_container_without_the_tool_closes_no_way(tmp_path: Path, sshd: Sshd) -> None:
    with contained(
        files(tmp_path, sshd), "/usr/sbin/libvirtd", uid=0, kinds=("--mount",)
    ) as daemon:
        text = host_ways.try_ways(SOURCE, TARGET).text.replace("virsh -c", "nosuch -c")
        found = host_ways.read(run(text, path(tmp_path / "path", libvirt=daemon)))
    assert found["libvirt"].open is None
    assert "failed to execute nosuch" in found["libvirt"].said
    assert found["nova"] == Way(None, "no nova-compute runs there")


VIRSH = """#!/bin/sh
case "$1" in
  -c) test "$2" = qemu+tcp://compute-34/system ;;
  list) case "$*" in
    *--name*) echo 5f0c1d7e-0000-4000-8000-000000000001 instance-2a ;;
    *) echo 5f0c1d7e-0000-4000-8000-000000000001 ;; esac ;;
  domjobinfo) echo 'Job type: Completed' ;;
  domstate) echo running ;;
  domblklist) echo ' file disk vda /mnt/instances/UUID/disk' ;;
  dumpxml) echo "<domain type='kvm'><name>instance-2a</name><devices>
<disk type='file' device='disk'><driver type='qcow2'/>
<source file='/mnt/instances/UUID/disk'/><target dev='vda'/></disk>
</devices></domain>" ;;
esac
"""
QEMU_IMG = """#!/bin/sh
printf '{"filename": "disk", "virtual-size": 2000, "actual-size": 100}\\n'
"""


def libvirts(folder: Path) -> Path:
    """Return the files of a container in which libvirt is, and one instance's."""
    made = folder / "libvirt"
    (made / "bin").mkdir(parents=True)
    for name, text in (("virsh", VIRSH), ("qemu-img", QEMU_IMG)):
        (made / "bin" / name).write_text(text.replace("UUID", WEB), encoding="ascii")
        (made / "bin" / name).chmod(0o755)
    instance = made / "instances" / WEB
    instance.mkdir(parents=True)
    (instance / "disk").write_bytes(b"x" * 5000)
    return made


def test_libvirt_is_asked_in_its_own_container(tmp_path: Path) -> None:
    with contained(libvirts(tmp_path), "/usr/sbin/libvirtd", uid=0) as daemon:
        programs = path(
            tmp_path / "path", without=["virsh", "qemu-img"], libvirt=daemon
        )
        answer = run(look_at_host(server_id=WEB).text, programs)
        host = host_survey_parser.host("compute-30", answer, WEB)
        answer = run(look_at_guest(server_id=WEB).text, programs)
        guest = host_survey_parser.guest(answer, WEB, host="compute-30")
        found = host_ways.read(run(host_ways.try_ways(SOURCE, TARGET).text, programs))
    assert (host.domain, host.contained, host.silent) == ("running", True, "")
    assert guest is not None
    assert (guest.state, guest.folder) == ("running", f"/mnt/instances/{WEB}")
    assert [(it.name, it.size) for it in guest.files] == [("disk", 5000)]
    assert guest.disks[0].virtual_size == 2000
    assert found["libvirt"] == Way(open=True)


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (libvirt_domains.COMMAND, f"{WEB} instance-2a\n"),
        (libvirt_domains.state_command(WEB), "running\n"),
        (domjobinfo.domjobinfo(WEB), "Job type: Completed\n"),
    ],
    ids=lambda it: it.name if isinstance(it, Command) else "",
)
def test_every_later_question_goes_into_libvirt_s_container_too(
    tmp_path: Path, ask: Command, answer: str
) -> None:
    with contained(libvirts(tmp_path), "/usr/sbin/libvirtd", uid=0) as daemon:
        programs = path(tmp_path / "path", without=["virsh"], libvirt=daemon)
        assert run(ask.text, programs) == answer


def test_without_any_virsh_it_is_not_known_whether_there_is_a_domain(
    tmp_path: Path,
) -> None:
    programs = path(tmp_path / "path", without=["virsh"])
    answer = run(look_at_host(server_id=WEB).text, programs)
    host = host_survey_parser.host("compute-30", answer, WEB)
    assert (host.domain, host.contained) == (None, False)
    assert "virsh" in host.silent


def test_nova_s_files_are_those_of_its_container(tmp_path: Path) -> None:
    made = libvirts(tmp_path)
    (made / "instances" / "_base").mkdir()
    (made / "instances" / "_base" / "b").write_bytes(b"y" * 700)
    (made / "nova.conf").write_text(
        "[DEFAULT]\ninstances_path=/mnt/instances\n", encoding="ascii"
    )
    words = (NOVA, "--config-file", "/mnt/nova.conf")
    with contained(made, *words) as nova:
        answer = run(
            look_at_host(server_id=WEB).text, path(tmp_path / "path", nova=nova)
        )
    host = host_survey_parser.host("compute-30", answer, WEB)
    assert host.instances == "/mnt/instances"
    assert host.folder_there
    assert host.free
    assert host.filesystem == "tmpfs none"
    assert host.bases == {"/mnt/instances/_base/b": 700}


def test_the_log_of_a_container_is_found(tmp_path: Path) -> None:
    made = tmp_path / "kolla"
    made.mkdir()
    line = (
        "2026-11-23 15:40:50.348 7 ERROR nova.virt.libvirt.driver [None req-1 - -]"
        f" [instance: {WEB}] Live Migration failure: x"
    )
    (made / "nova-compute.log").write_text(f"{line}\n", encoding="ascii")
    (made / "nova.conf").write_text("[DEFAULT]\nlog_dir = /mnt\n", encoding="ascii")
    words = (NOVA, "--config-file", "/mnt/nova.conf")
    with contained(made, *words) as nova:
        asked = compute_log.compute_log("req-1", server_id=WEB).text
        assert run(asked, path(tmp_path / "path", nova=nova)) == f"{line}\n"
