"""Whether a host can be a guest's hardware, asked by a real shell of stand-in tools."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrations_app.integrations.host_commands import guest_hardware
from migrations_app.integrations.host_commands.guest_survey import compare_hardware
from migrations_app.integrations.interfaces import Guest
from tests.integrations.host_commands.stand_in import WEB, Host


def test_it_asks_libvirt_whether_the_hardware_suits_the_guest(host: Host) -> None:
    host.boot()
    guest = host.guest()
    assert guest is not None

    def suits(asked: Guest, recorded: str = "") -> guest_hardware.Hardware:
        command = compare_hardware(server_id=WEB, guest=asked, recorded=recorded)
        return guest_hardware.hardware(host.run("compute-34", command))

    found = suits(guest)
    assert (found.takes_machine, found.takes_cpu) == (True, True)
    assert found.videos == ("vga", "virtio")
    assert "superset of CPU described in the guest" in found.cpu_why
    other = replace(guest, machine="pc-9", cpu="<cpu>'$(id)</cpu>")
    found = suits(other)
    assert (found.takes_machine, found.takes_cpu) == (False, False)
    assert found.videos == ()
    assert "incompatible" in found.cpu_why


@pytest.mark.parametrize(
    ("machine", "recorded", "takes", "takes_recorded"),
    [
        ("pc-q35-8.2", "", True, None),
        ("pc-q35-8.2", "pc-q35-8.2", True, None),
        ("pc-q35-9.9", "q35", False, True),
        ("pc-q35-9.9", "pc-9; echo machine yes", False, False),
    ],
)
def test_it_asks_for_the_machine_type_that_nova_recorded(
    host: Host, machine: str, recorded: str, takes: bool, takes_recorded: bool | None
) -> None:
    asked = Guest("instance-2a", "running", machine=machine)
    command = compare_hardware(server_id=WEB, guest=asked, recorded=recorded)
    found = guest_hardware.hardware(host.run("compute-34", command))
    assert (found.takes_machine, found.takes_recorded) == (takes, takes_recorded)
    assert found.takes_cpu is None


def test_machine_types_are_asked_of_the_guest_s_own_architecture(host: Host) -> None:
    emulated = Guest("instance-2a", "running", machine="virt-7.2", arch="aarch64")
    host.tool(
        "virsh",
        """#!/bin/sh
case "$*" in
  *'--arch=aarch64 --machine=virt-7.2') ;;
  *) echo "error: the machine 'x' is not supported by emulator" >&2; exit 1 ;;
esac
""",
    )
    command = compare_hardware(server_id=WEB, guest=emulated)
    found = guest_hardware.hardware(host.run("compute-34", command))
    assert found.takes_machine is True


def test_it_does_not_know_what_libvirt_could_not_compare() -> None:
    answer = "machine no error: failed to connect\ncpu no error: failed to connect\n"
    found = guest_hardware.hardware(answer)
    assert (found.takes_machine, found.takes_cpu) == (None, None)


def test_it_sees_that_the_thread_for_disks_is_pinned_too(host: Host) -> None:
    host.boot(top="<cputune><iothreadpin iothread='1' cpuset='4'/></cputune>")
    found = host.guest()
    assert found is not None
    assert (found.io_pinned, found.video) == (True, "")


def test_it_reads_all_that_was_said_of_devices(host: Host) -> None:
    with (host.root / "nova.conf").open("a", encoding="utf-8") as conf:
        conf.write(
            '[pci]\ndevice_spec = {"address": "*:01.0", "one_time_use": true}\n'
            "passthrough_whitelist = {'vendor_id': '8086'}\n"
        )
    assert host.says().settings["pci.device_spec"] == (
        '{"address": "*:01.0", "one_time_use": true} {\'vendor_id\': \'8086\'}'
    )
