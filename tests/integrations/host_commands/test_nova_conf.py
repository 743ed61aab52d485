"""nova.conf, read on a host by a real shell as oslo.config reads it.

What is expected was seen of oslo.config 10.7.0, with options of these names registered,
``project="nova"`` and ``prog="nova-compute"``.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.integrations.host_commands.stand_in import running

pytestmark = pytest.mark.server


@dataclass(frozen=True)
class Seen:
    """Files below nova-compute's HOME, how it was started, what oslo.config says."""

    files: Mapping[str, str]
    says: Mapping[str, str]
    arguments: Sequence[str] = ("--config-file", "a.conf")
    environ: Mapping[str, str] = field(default_factory=dict)


SEEN = {
    "quotes, and both marks between name and value": Seen(
        {
            "a.conf": "[DEFAULT]\nmy_ip : \"192.0.2.7\"\n[libvirt]\nvirt_type='qemu'\n"
            "images_type = \"rbd'\n"
            "live_migration_uri = qemu+ssh://nova@%s/system?keyfile=/k:1\n"
            "live_migration_scheme:tls=1\ncpu_mode = ''\ncpu_models = \"\n"
        },
        {
            "DEFAULT.my_ip": "192.0.2.7",
            "libvirt.virt_type": "qemu",
            "libvirt.images_type": "\"rbd'",
            "libvirt.live_migration_uri": "qemu+ssh://nova@%s/system?keyfile=/k:1",
            "libvirt.live_migration_scheme": "tls=1",
            "libvirt.cpu_mode": "",
            "libvirt.cpu_models": "",
        },
    ),
    "references": Seen(
        {
            "a.conf": "[DEFAULT]\nhost=node-1\nmy_ip=192.0.2.7\nstate_path=/srv/nova\n"
            "instances_path=${state_path}/inst\n[libvirt]\n"
            "live_migration_inbound_addr=$my_ip\n"
            "live_migration_uri="
            "qemu+${live_migration_scheme}://$libvirt.live_migration_inbound_addr/%s\n"
            "live_migration_scheme=tls\nmigration_inbound_addr=mig.${host}\n"
            "virt_type=$libvirt.images_type\nimages_type=a$$b\\$c$\n"
        },
        {
            "DEFAULT.instances_path": "/srv/nova/inst",
            "libvirt.live_migration_inbound_addr": "192.0.2.7",
            "libvirt.live_migration_uri": "qemu+tls://192.0.2.7/%s",
            "libvirt.live_migration_scheme": "tls",
            "libvirt.migration_inbound_addr": "mig.node-1",
            "libvirt.virt_type": "a$b$c$",
            "libvirt.images_type": "a$b$c$",
        },
    ),
    "the last one wins, whatever the letters of its section": Seen(
        {
            "a.conf": "[DEFAULT]\nmy_ip=1\nmy_ip=2\n[libvirt]\nvirt_type=kvm\n"
            "[LibVirt]\nvirt_type=qemu\n[ libvirt ]\nimages_type=x\n"
            "[default]\nuse_cow_images=no\n",
            "b.conf": "[libvirt]\nimages_type=raw\n",
        },
        {
            "DEFAULT.my_ip": "2",
            "libvirt.virt_type": "qemu",
            "libvirt.images_type": "raw",
        },
        ("--config-file", "a.conf", "--config-file=b.conf"),
    ),
    "a folder before a file": Seen(
        {
            "a.conf": "[DEFAULT]\nmy_ip=a\n",
            "d/02.conf": "[DEFAULT]\nmy_ip=d2\n[libvirt]\nvirt_type=d\n",
            "d/10.conf": "[DEFAULT]\nmy_ip=d10\n",
        },
        {"DEFAULT.my_ip": "a", "libvirt.virt_type": "d"},
        ("--config-dir", "d", "--config-file", "a.conf"),
    ),
    "a file before a folder, and what of it is not read": Seen(
        {
            "a.conf": "[DEFAULT]\nmy_ip=a\n",
            "d/02.conf": "[DEFAULT]\nmy_ip=d2\n",
            "d/10.conf": "[DEFAULT]\nmy_ip=d10\n",
            "d/.hidden.conf": "[DEFAULT]\nmy_ip=hidden\n",
            "d/99.conf.orig": "[DEFAULT]\nmy_ip=other\n",
        },
        {"DEFAULT.my_ip": "d10"},
        ("--config-file", "a.conf", "--config-dir=d"),
    ),
    "nothing that was named": Seen(
        {
            ".nova/nova.conf": "[DEFAULT]\nmy_ip=n\n[libvirt]\nvirt_type=n\n"
            "images_type=n\ncpu_mode=n\n",
            "nova.conf": "[DEFAULT]\nuse_cow_images=never\n",
            "nova-compute.conf": "[libvirt]\nvirt_type=nc\nimages_type=nc\n"
            "cpu_mode=nc\n",
            ".nova/nova.conf.d/1.conf": "[libvirt]\nimages_type=nd\ncpu_mode=nd\n",
            ".nova/nova-compute.conf.d/1.conf": "[libvirt]\ncpu_mode=ncd\n",
        },
        {
            "DEFAULT.my_ip": "n",
            "libvirt.virt_type": "nc",
            "libvirt.images_type": "nd",
            "libvirt.cpu_mode": "ncd",
        },
        (),
    ),
    "folders that nobody named, and a file that was": Seen(
        {
            ".nova/nova.conf": "[DEFAULT]\nforce_config_drive=never\n",
            ".nova/nova.conf.d/1.conf": "[DEFAULT]\nmy_ip=d\nuse_cow_images=d\n",
            "a.conf": "[DEFAULT]\nmy_ip=a\n",
        },
        {"DEFAULT.my_ip": "a", "DEFAULT.use_cow_images": "d"},
    ),
    "files that nobody named, and a folder that was": Seen(
        {
            ".nova/nova.conf": "[DEFAULT]\nmy_ip=n\nuse_cow_images=n\n",
            ".nova/nova.conf.d/1.conf": "[DEFAULT]\nforce_config_drive=never\n",
            "d/1.conf": "[DEFAULT]\nmy_ip=d\n",
        },
        {"DEFAULT.my_ip": "d", "DEFAULT.use_cow_images": "n"},
        ("--config-dir", "d"),
    ),
    # of several lines, which are one here
    "comments, blanks, and lines that go on": Seen(
        {
            "a.conf": "# c\n; c\n\n[DEFAULT]\nmy_ip = one\n   two\n\t# three\n\n"
            "use_cow_images = False   \n#force_config_drive = True\n"
            "force_config_drive=\n[libvirt]\ncpu_models = a,\n  b\n"
            "[vnc]\nenabled\t=  false\t\n"
        },
        {
            "DEFAULT.my_ip": "one two # three",
            "DEFAULT.use_cow_images": "False",
            "DEFAULT.force_config_drive": "",
            "libvirt.cpu_models": "a, b",
            "vnc.enabled": "false",
        },
    ),
    "earlier names": Seen(
        {"a.conf": "[libvirt]\ncpu_model = old\n[DEFAULT]\nvnc_enabled = false\n"},
        {"libvirt.cpu_models": "old", "vnc.enabled": "false"},
    ),
    "the environment before the files": Seen(
        {"a.conf": "[DEFAULT]\nmy_ip=a\nstate_path=/s\n[libvirt]\nvirt_type=a\n"},
        {
            "DEFAULT.my_ip": "192.0.2.9",
            "DEFAULT.instances_path": "/s/instances",
            "libvirt.virt_type": "e=192.0.2.9",
        },
        environ={
            "OS_LIBVIRT__VIRT_TYPE": "e=$my_ip",
            "OS_DEFAULT__MY_IP": "192.0.2.9",
        },
    ),
}
# What those that expect nothing of them have of their own.
_DEFAULTS = {
    "DEFAULT.my_ip",
    "DEFAULT.state_path",
    "DEFAULT.instances_path",
    "libvirt.migration_inbound_addr",
}


@pytest.mark.parametrize("name", SEEN)
def test_it_reads_what_oslo_config_reads(tmp_path: Path, name: str) -> None:
    seen = SEEN[name]
    with running(tmp_path, arguments=seen.arguments, environ=seen.environ) as host:
        for path, text in seen.files.items():
            file = tmp_path / "home" / path
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        settings = host.says().settings
    assert {
        option: value
        for option, value in settings.items()
        if option in seen.says or option not in _DEFAULTS
    } == seen.says


@pytest.mark.parametrize("awk", ["gawk", "mawk", "busybox awk"])
def test_any_awk_reads_the_same(tmp_path: Path, awk: str) -> None:
    if shutil.which(awk.split()[0]) is None:
        pytest.skip(f"there is no {awk} here")
    seen = SEEN["references"]
    with running(tmp_path) as host:
        host.tool("awk", f'#!/bin/sh\nexec {awk} "$@"\n')
        (tmp_path / "nova.conf").write_text(seen.files["a.conf"], encoding="utf-8")
        settings = host.says().settings
    assert settings.items() >= seen.says.items()


@pytest.mark.parametrize(
    "text",
    [
        "[DEFAULT]\nstate_path=$nowhere\n",
        "[DEFAULT]\ninstances_path=$state_path\nstate_path=$instances_path\n",
    ],
)
def test_a_path_that_refers_to_nothing_is_not_known(tmp_path: Path, text: str) -> None:
    with running(tmp_path) as host:
        (tmp_path / "nova.conf").write_text(text, encoding="utf-8")
        found = host.says()
    assert (found.instances, found.folder_there) == ("", None)


def test_what_nobody_set_is_where_nova_is_installed(tmp_path: Path) -> None:
    with running(tmp_path) as host:
        (tmp_path / "nova.conf").write_text("[DEFAULT]\n", encoding="utf-8")
        found = host.says()
    packages = tmp_path / "venv/lib/python3.11/site-packages"
    assert found.instances == str(packages / "instances")


def test_a_percent_sign_in_the_address_is_the_hosts_name(tmp_path: Path) -> None:
    with running(tmp_path) as host:
        with (tmp_path / "nova.conf").open("a", encoding="utf-8") as conf:
            conf.write("[libvirt]\nmigration_inbound_addr = %s.mig.example.org\n")
        settings = host.says().settings
    assert settings["libvirt.migration_inbound_addr"] == "compute-30.mig.example.org"


@pytest.mark.parametrize(
    "text",
    [
        "[DEFAULT]\nmy_ip=192.0.2.7\n#" + "x" * (1 << 20),
        "[libvirt]\nvirt_type=kvm\n" + " a\n" * 400_000,
    ],
    ids=["one line", "many lines"],
)
def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, text: str) -> None:
    with running(tmp_path, arguments=("--config-file", "a.conf")) as host:
        (tmp_path / "home/a.conf").write_text(text, encoding="utf-8")
        found = host.says()
    assert (found.settings, found.instances) == ({}, "")


@pytest.mark.parametrize(
    "text",
    [
        "[DEFAULT]\n"
        + "".join(f"a{n}=$a{n + 1}$a{n + 1}\n" for n in range(19))
        + "a19=x\nstate_path=$a0\n",
        "[DEFAULT]\nstate_path=" + "$my_ip" * 100_000 + "\n",
        "[DEFAULT]\nstate_path=a\n" + " a\n" * 100_000,
    ],
    ids=["doubled", "many references", "many lines"],
)
def test_a_file_that_would_keep_its_reader_busy_says_nothing(
    tmp_path: Path, text: str
) -> None:
    with running(tmp_path, arguments=("--config-file", "a.conf")) as host:
        (tmp_path / "home/a.conf").write_text(
            f"{text}[libvirt]\nvirt_type=qemu\n", encoding="utf-8"
        )
        found = host.says()
    assert found.settings.get("libvirt.virt_type") == "qemu"
    assert len(found.settings.get("DEFAULT.state_path", "")) < 40_000
    assert found.instances == ""
