"""What a guest may have written is not opened as what it looks like.

The headers here are first bytes alone: they name nothing, and no tool reads them.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import (
    disk_images,
    host_survey_parser,
    qemu_image,
)
from migrations_app.integrations.host_commands.disk_images import Opened
from migrations_app.integrations.host_commands.host_survey import survey
from tests.integrations.host_commands.stand_in import WEB, Host, Several

pytestmark = pytest.mark.server

QCOW2 = b"QFI\xfb\0\0\0\3"
WITH_DATA_FILE = QCOW2 + bytes(71) + b"\4" + bytes(400)
PLAIN_QCOW2 = QCOW2 + bytes(71) + b"\1" + bytes(400)
RAW = "<disk type='file' device='disk'><driver type='raw'/><source file='{}'/>"
RAW += "<target dev='vdc'/></disk>"


def with_raw(host: Host, begin: bytes) -> Path:
    """Boot a guest with a second, raw disk that begins so."""
    path = host.folder / "disk.eph0"
    host.boot(devices=RAW.format(path))
    path.write_bytes(begin + bytes(512))
    virsh = host.root / "bin" / "virsh"
    text = virsh.read_text(encoding="utf-8").replace(
        "echo ' network ",
        'echo " file  disk  vdc  $FOLDER/disk.eph0"\n    echo \' network ',
    )
    host.tool("virsh", text)
    return path


def asked(host: Host) -> str:
    found = host.root / "asked"
    return found.read_text(encoding="utf-8") if found.exists() else ""


@pytest.mark.parametrize(
    "begin", [QCOW2, b"QED\0", b"KDMV\1", b"# Disk DescriptorFile", b"conectix"]
)
def test_a_raw_disk_that_begins_as_an_image_is_not_opened(
    host: Host, begin: bytes
) -> None:
    path = with_raw(host, begin)
    found = host.guest()
    assert found is not None
    (disk,) = (it for it in found.disks if it.target == "vdc")
    assert disk.refused.startswith(f"{path} begins as the header of an image does")
    assert (disk.virtual_size, disk.chain) == (0, ())
    assert str(path) not in asked(host)
    assert [it.refused for it in found.disks if it.target != "vdc"] == [""] * 3


@pytest.mark.parametrize("begin", [b"LUKS\xba\xbe", b"\xeb\x63\x90", b"QFI"])
def test_what_guests_write_to_whole_disks_is_none(host: Host, begin: bytes) -> None:
    with_raw(host, begin)
    found = host.guest()
    assert found is not None
    assert not any(disk.refused for disk in found.disks)


def test_a_disk_whose_data_is_elsewhere_is_not_opened(host: Host) -> None:
    host.boot()
    (host.folder / "disk").write_bytes(WITH_DATA_FILE)
    found = host.guest()
    assert found is not None
    assert "its data is in another file" in found.disks[0].refused
    assert f"{host.folder}/disk\n" not in asked(host)
    (host.folder / "disk").write_bytes(PLAIN_QCOW2)
    again = host.guest()
    assert again is not None
    assert again.disks[0].refused == ""


@pytest.mark.parametrize(
    "named",
    [
        "/etc/hostname",
        "json:{}",
        "nbd:localhost:1",
        "base",
        "{instances}/../b",
        "{instances}/_base/deeper/b",
        "{instances}/_base/../x/b",
        f"{{instances}}/{WEB}/disk.other",
        f"{{instances}}/{WEB}_resize/disk",
    ],
)
def test_what_a_disk_stands_on_is_opened_only_among_base_images(
    host: Host, named: str
) -> None:
    named = named.replace("{instances}", str(host.instances))
    host.boot()
    host.stand_on(Path(named))
    found = host.guest()
    assert found is not None
    assert "not among Nova's base images" in found.disks[0].refused
    assert found.disks[0].chain == ()
    assert f"{named}\n" not in asked(host).replace(f"{host.folder}/", "")
    assert not qemu_image.is_base(named, str(host.instances))


def test_a_base_that_begins_as_an_image_but_is_opened_as_raw_is_not_opened(
    host: Host,
) -> None:
    host.boot()
    base = host.instances / "_base" / "b"
    base.write_bytes(QCOW2)
    found = host.guest()
    assert found is not None
    assert found.disks[0].refused.startswith(f"{base} begins as")
    assert f"-- {base}\n" not in asked(host)


def test_bases_are_where_novas_configuration_has_them(host: Host) -> None:
    host.boot()
    both = Several({"a": host, "b": host})
    other = host.instances / "snapshots" / "b"
    host.stand_on(other)
    refused = survey(both, server_id=WEB, source="a", target=None).guest
    assert refused is not None
    assert "not among Nova's base images" in refused.disks[0].refused
    with (host.root / "nova.conf").open("a", encoding="utf-8") as file:
        file.write("[image_cache]\nsubdirectory_name = snapshots\n")
    found = survey(both, server_id=WEB, source="a", target=None).guest
    assert found is not None
    assert found.disks[0].refused == ""


def test_qemu_img_is_bounded_as_nova_bounds_it(host: Host) -> None:
    host.boot()
    host.tool("qemu-img", '#!/bin/sh\n(ulimit -t; ulimit -v) >"$HERE/asked"\n')
    host.guest()
    assert asked(host).split() == ["30", str(1 << 20)]


@pytest.mark.parametrize("form", ["raw", "qcow2", "vmdk"])
def test_the_look_before_a_confirmation_refuses_the_same(
    host: Host, form: str, tmp_path: Path
) -> None:
    path = tmp_path / "disk"
    path.write_bytes(WITH_DATA_FILE)
    files = [Opened(str(path), form)]
    answer = host.run("a", disk_images.look_at(files))
    with pytest.raises(Blocked, match="it is not opened"):
        disk_images.read(answer, files, host="a")
    assert asked(host) == ""


@pytest.mark.parametrize("named", ["/etc/hostname", "{0}/x/../y/b", "b", "{0}/b"])
def test_no_host_names_a_base_image_that_is_none(named: str) -> None:
    """The shell would not have opened it: this host answers what it likes."""
    instances = "/var/lib/nova/instances"
    path = f"{instances}/{WEB}/disk"
    xml = f"<domain><devices><disk type='file'><source file='{path}'/>"
    xml += "<target dev='vda'/></disk></devices></domain>"
    named = named.format(instances)
    below = f'[{{"filename": "{path}", "virtual-size": 1}},'
    below += f' {{"filename": "{named}", "virtual-size": 1}}]'
    answer = f"== domain\n {xml}\n== state\n x\n== cpu\n== kept\n"
    answer += f"== files\n {instances}/{WEB}\n== image vda\n {below}\n== end\n"
    found = host_survey_parser.guest(answer, WEB, host="compute-30")
    assert found is not None
    assert found.disks[0].chain == ()
    assert "not among Nova's base images" in found.disks[0].refused


def test_nothing_is_read_that_may_have_no_end(host: Host) -> None:
    host.boot()
    base = host.instances / "_base" / "b"
    os.mkfifo(base)
    found = host.guest()
    assert found is not None
    assert found.disks[0].refused == f"{base} is no plain file"


@settings(max_examples=60, deadline=None)
@given(begin=st.binary(max_size=90))
def test_whatever_a_file_begins_with_the_shell_decides_without_complaint(
    begin: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("begin") / "disk"
    path.write_bytes(begin)
    for form in ("raw", "qcow2"):
        done = subprocess.run(
            ["/bin/sh", "-eu"],
            input=f"libvirt_root=\nset +e\n{qemu_image.WORDS}why_not {form} {path}\n",
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stderr == ""
        assert done.stdout.strip() in {"", "image", "data-file"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["filename", "virtual-size", "actual-size", "backing-filename"]
            )
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(told=JSON)
def test_no_answer_of_qemu_img_is_more_than_unknown(told: object) -> None:

    text = json.dumps(told)
    xml = "<domain><name>x</name><devices><disk type='file'><target dev='vda'/></disk>"
    answer = (
        f"== domain\n {xml}</devices></domain>\n== state\n x\n== cpu\n== kept\n"
        f"== files\n== image vda\n {text}\n== end\n"
    )
    found = host_survey_parser.guest(answer, WEB, host="compute-30")
    assert found is not None
    assert found.disks[0].virtual_size >= 0
    files = [Opened("/i/disk", "qcow2")]
    whole = f"== file 0\n 1 1\n== image 0\n {text}\n== end\n"
    (image,) = disk_images.read(whole, files, host="a")
    assert image.size == 1
