"""The look at real disks before the confirmation: what it finds, and what it passes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from migrations_app.errors import Blocked
from migrations_app.procedures.base import StepStatus
from tests.preflight.build import INSTANCES, SOURCE, TARGET, WEB
from tests.procedures.real_disks import KIB, MIB, RealDisks, qemu

pytestmark = pytest.mark.server

BASE = "_base/d004f7f8"


@pytest.fixture
def disks(tmp_path: Path) -> RealDisks:
    return RealDisks(tmp_path)


def expect_held(disks: RealDisks, *words: str) -> None:
    with pytest.raises(Blocked) as caught:
        disks.look()
    for each in words:
        assert each in caught.value.sentence


def expect_same(disks: RealDisks, words: str) -> None:
    assert disks.look() is StepStatus.DONE
    assert words in "\n".join(disks.said)


def test_a_copy_is_known_to_be_the_same(disks: RealDisks) -> None:
    disks.move()
    expect_same(disks, "disk: 1 GiB, qcow2, on d004f7f8")
    assert "20 of 20 pieces are the same." in disks.said[-1]


def test_what_the_guest_has_written_since_is_no_difference(disks: RealDisks) -> None:
    disks.move(runs=True)
    for number in (3, 4, 30):
        disks.write(TARGET, "disk", number * MIB, 99)
    disks.wrote(requests=3, size=192 * KIB)
    expect_same(disks, "18 of 20 pieces are the same, 2 were written to since.")


def test_more_than_the_guest_can_have_written_is(disks: RealDisks) -> None:
    disks.move(runs=True)
    for number in range(6):
        disks.write(TARGET, "disk", number * MIB, 99)
    disks.wrote(requests=2, size=8 * KIB)
    expect_held(disks, "6 of 20 pieces", "more than its guest can have changed")


def test_one_large_write_changes_many_small_parts_of_a_raw_file(
    tmp_path: Path,
) -> None:
    disks = RealDisks(tmp_path, format="raw")
    for number in range(8):
        disks.write(SOURCE, "disk", 32 * MIB + 8 * number * KIB, 7, 4 * KIB)
    disks.move(runs=True)
    disks.write(TARGET, "disk", 32 * MIB, 99, 64 * KIB)
    disks.wrote(requests=1, size=64 * KIB)
    expect_same(disks, "20 of 28 pieces are the same, 8 were written to since.")


def test_what_a_guest_that_is_off_may_have_written_is_for_a_person(
    disks: RealDisks,
) -> None:
    """It may have shut down by itself since: libvirt does not say."""
    disks.move()
    disks.write(TARGET, "disk", 3 * MIB, 99)
    expect_held(disks, "is not certain", "1 of 20 pieces", "does not run there")


def test_a_guest_that_wrote_to_nearly_all_is_for_a_person(disks: RealDisks) -> None:
    disks.move(runs=True)
    for number in range(15):
        disks.write(TARGET, "disk", number * MIB, 99)
    disks.wrote(requests=900, size=90 * MIB)
    expect_held(disks, "is not certain", "only 5 of 20 pieces", "confirm")


def test_a_guest_with_next_to_nothing_on_its_disk_passes(tmp_path: Path) -> None:
    disks = RealDisks(tmp_path, pieces=1)
    disks.move(runs=True)
    disks.write(TARGET, "disk", 0, 99)
    disks.wrote(requests=1, size=512)
    expect_same(disks, "already written again to all 1 pieces")


def test_a_new_disk_under_the_old_name_is_held(disks: RealDisks) -> None:
    disks.move(runs=True)
    disks.stand(TARGET, "disk", disks.path(TARGET, BASE), 1 << 30)
    disks.write(TARGET, "disk", 0, 99)
    disks.wrote(requests=900, size=90 * MIB)
    expect_held(disks, "19 of 20 pieces that were compared are not there at all")


def test_a_backing_file_with_other_content_is_held(disks: RealDisks) -> None:
    disks.move()
    with disks.path(TARGET, BASE).open("r+b") as base:
        base.write(b"another UUID")
    expect_held(disks, "disk: d004f7f8, on which it stands, has another content")


def test_a_backing_file_of_another_size_is_held(disks: RealDisks) -> None:
    disks.move()
    os.truncate(disks.path(TARGET, BASE), 4 * MIB)
    expect_held(disks, "has 3145728 bytes on compute-30, 4194304 on compute-34")


def test_a_backing_file_that_is_missing_is_held(disks: RealDisks) -> None:
    disks.move()
    disks.path(TARGET, BASE).unlink()
    expect_held(disks, "compute-34 has no file", "its backing")


def test_another_backing_file_is_held(disks: RealDisks) -> None:
    disks.move()
    other = disks.path(TARGET, "_base/other")
    shutil.copy(disks.path(TARGET, BASE), other)
    qemu(
        "img rebase -u -f qcow2 -F raw -b",
        str(other),
        str(disks.folder(TARGET) / "disk"),
    )
    expect_held(disks, "stands on d004f7f8 on compute-30, on other on compute-34")


def test_a_disk_that_the_domain_takes_for_raw_is_held(tmp_path: Path) -> None:
    disks = RealDisks(tmp_path, format="raw")
    disks.move()
    disk = disks.folder(TARGET) / "disk"
    qemu("img convert -f raw -O qcow2", str(disk), f"{disk}.new")
    Path(f"{disk}.new").rename(disk)
    expect_held(disks, "begins as the header of an image does", "opened as raw")


def test_a_disk_that_was_converted_and_is_taken_for_that_passes(
    tmp_path: Path,
) -> None:
    disks = RealDisks(tmp_path, format="raw")
    disks.move()
    disk = disks.folder(TARGET) / "disk"
    qemu("img convert -f raw -O qcow2", str(disk), f"{disk}.new")
    Path(f"{disk}.new").rename(disk)
    disks.define(TARGET, "shut off", disk="qcow2")
    expect_same(disks, "20 of 20 pieces are the same.")


def test_a_raw_disk_that_the_domain_takes_for_qcow2_is_held(tmp_path: Path) -> None:
    disks = RealDisks(tmp_path, format="raw")
    disks.move()
    disks.define(TARGET, "shut off", disk="qcow2")
    expect_held(disks, "takes it for qcow2, which it is not", "not in qcow2 format")


def test_a_raw_disk_that_its_guest_made_look_like_an_image_is_held_unopened(
    tmp_path: Path,
) -> None:
    disks = RealDisks(tmp_path, format="raw")
    inside = tmp_path / "inside"
    qemu("img create -f qcow2 -F raw -b", "/etc/hostname", str(inside), "64M")
    with (disks.folder(SOURCE) / "disk").open("r+b") as disk:
        disk.write(inside.read_bytes())
    disks.move()
    expect_held(disks, "begins as the header of an image does", "not opened")


def test_a_domain_with_its_disk_elsewhere_is_held(disks: RealDisks) -> None:
    disks.move()
    xml = disks.root / TARGET / "domain.xml"
    text = xml.read_text().replace(INSTANCES, "/srv/nova")
    xml.write_text(text)
    expect_held(disks, f"uses /srv/nova/{WEB}/disk, but Nova has copied {INSTANCES}")


def test_a_smaller_disk_is_held(disks: RealDisks) -> None:
    disks.move()
    disks.stand(TARGET, "disk", disks.path(TARGET, BASE), 512 * MIB)
    expect_held(disks, "virtual size is 1073741824 bytes on compute-30, 536870912")


def test_a_domain_without_the_disk_is_held(disks: RealDisks) -> None:
    disks.move()
    disks.formats = {}
    disks.define(TARGET, "running")
    expect_held(disks, "disk: the domain on compute-34 has no such disk")


def test_a_target_without_a_domain_is_held(disks: RealDisks) -> None:
    disks.move()
    (disks.root / TARGET / "domain.xml").write_text("")
    expect_held(disks, "libvirt on compute-34 has no domain")


def test_a_libvirt_that_is_silent_is_no_word_of_the_domain(disks: RealDisks) -> None:
    disks.move()
    (disks.root / TARGET / "silent").touch()
    expect_held(disks, "The disks could not be compared", TARGET)


def test_uefi_settings_are_not_looked_for_before_the_guest_starts(
    disks: RealDisks,
) -> None:
    disks.firmware = f"<nvram>{INSTANCES}/_base/vars.fd</nvram>"
    disks.move()
    expect_same(disks, "20 of 20 pieces are the same.")
    disks.define(TARGET, "running")
    expect_held(disks, "UEFI settings: compute-34 has no file of them")


def test_the_tpm_of_a_guest_without_a_local_disk_is_found(disks: RealDisks) -> None:
    disks.formats = {}
    disks.devices = "<tpm model='tpm-crb'/>"
    disks.move()
    headings = "options hostname nova contained virsh rsync free filesystem folder"
    more = ("domain", "silent", "bases")
    said = "".join(f"== {each}\n" for each in [*headings.split(), *more, "end"])
    disks.answers["survey_host"] = f"== instances\n {INSTANCES}\n{said}"
    for host, folder in (
        (SOURCE, f"{INSTANCES}/{WEB}_resize/swtpm"),
        (TARGET, "/var/lib/libvirt/swtpm"),
    ):
        disks.answers[f"disk_tpm {host} {folder}"] = "tpm2/tpm2-00.permall\n"
    expect_same(disks, "the state of its virtual TPM is there.")
    del disks.answers[f"disk_tpm {TARGET} /var/lib/libvirt/swtpm"]
    expect_held(disks, "virtual TPM: compute-34 has no tpm2/tpm2-00.permall")


def test_what_a_guest_has_discarded_on_a_raw_disk_is_no_difference(
    tmp_path: Path,
) -> None:
    disks = RealDisks(tmp_path, format="raw")
    disks.move(runs=True)
    path = disks.folder(TARGET) / "disk"
    for number in range(8):
        qemu("io -f raw -d unmap -c", f"discard {number * MIB} 64k", str(path))
    expect_same(disks, "12 of 20 pieces are the same, 8 were written to since.")


def test_a_config_drive_that_was_made_again_is_held(disks: RealDisks) -> None:
    disks.formats["disk.config"] = "raw"
    disks.make(SOURCE, "disk.config").write_bytes(b"one" * 5000)
    disks.move(runs=True)
    expect_same(disks, "disk.config")
    disks.make(TARGET, "disk.config").write_bytes(b"two" * 5000)
    expect_held(disks, "disk.config: 1 of 1 pieces", "nobody can write to it")


def test_swap_is_made_again_and_not_compared(disks: RealDisks) -> None:
    """In the target's own format, and as large as the flavor says."""
    disks.formats["disk.swap"] = "raw"
    disks.make(SOURCE, "disk.swap").write_bytes(b"swap" * 1000)
    disks.move()
    made = disks.path(TARGET, "_base/swap_64")
    made.write_bytes(bytes(64 * KIB))
    disks.stand(TARGET, "disk.swap", made, 64 * MIB)
    disks.define(TARGET, "shut off", **{"disk.swap": "qcow2"})
    expect_same(disks, "disk.swap is there.")
    (disks.folder(TARGET) / "disk.swap").unlink()
    expect_held(disks, "disk.swap: compute-34 has no file")


def test_a_kept_disk_that_is_gone_is_never_called_safe(disks: RealDisks) -> None:
    disks.move()
    (disks.path(SOURCE, f"{WEB}_resize") / "disk").unlink()
    expect_held(disks, "compute-30 no longer has", "find that first")


def test_a_host_without_the_tools_is_for_a_person(
    disks: RealDisks, monkeypatch: pytest.MonkeyPatch
) -> None:
    disks.move()
    tools = disks.root / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "sed", "awk", "find", "head", "tail", "dirname", "stat"):
        (tools / name).symlink_to(shutil.which(name) or "")
    monkeypatch.setenv("PATH", str(tools))
    expect_held(disks, "compute-30 has no qemu-img, no dd, no sha256sum")
