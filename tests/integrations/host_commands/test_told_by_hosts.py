"""What hosts tell of a live migration, read as they really write it."""

from __future__ import annotations

import subprocess
import uuid
from pathlib import Path

import pytest

from migrations_app.integrations.host_commands import (
    compute_log,
    detached_job,
    domjobinfo,
)
from tests.integrations.host_commands.container import path

REQUEST = f"req-{uuid.uuid4()}"
SERVER = "5f0c1d7e-0000-4000-8000-000000000001"
CONTEXT = f"[None {REQUEST} 4c18 7892 - - default default]"
# As nova-compute 34 wrote them.
PRE = (
    f"2026-11-23 15:40:50.348 126 ERROR nova.compute.manager {CONTEXT} [instance: 7a1d]"
    " Pre live migration failed at compute-41:"
    " nova.exception_Remote.DestinationDiskExists_Remote: The supplied disk path"
    " (/var/lib/nova/instances/7a1d) already exists, it is expected not to exist."
)
RPC = (
    f"2026-11-23 15:40:38.838 126 ERROR oslo_messaging.rpc.server {CONTEXT} Exception"
    " during message handling: nova.exception.InvalidSharedStorage: compute-40 is not"
    " on shared storage: it has disks."
)
OLD = (
    f"2026-11-23 15:40:52.199 92 WARNING neutronclient.v2_0.client {CONTEXT} The python"
    " binding code in neutronclient is deprecated in favor of OpenstackSDK."
)
DOMJOBINFO = """Job type:         Completed   
Operation:        Incoming migration
Time elapsed:     2857         ms
Data processed:   76.783 MiB
Memory bandwidth: 178.395 MiB/s
Iteration:        3           
Total downtime:   82           ms
Downtime w/o network: 79           ms

"""  # noqa: W291 - virsh pads its lines


def test_it_says_what_the_log_says_without_what_only_a_programmer_reads() -> None:
    assert compute_log.read(f"{OLD}\n{PRE}\n{RPC}\n{PRE}\n") == [
        "Pre live migration failed at compute-41: DestinationDiskExists: The supplied"
        " disk path (/var/lib/nova/instances/7a1d) already exists, it is expected not"
        " to exist.",
        "InvalidSharedStorage: compute-40 is not on shared storage: it has disks.",
    ]


def test_it_finds_the_line_that_tells_of_a_failure() -> None:
    told = compute_log.telling(compute_log.read(f"{PRE}\n{RPC}"))
    assert told.startswith("Pre live migration failed")
    assert compute_log.telling([]) == ""


def test_it_says_nothing_when_a_library_is_only_old() -> None:
    assert compute_log.read(f"{OLD}\n") == []
    assert compute_log.read("\n") == []


def test_it_reads_the_journals_lines_too() -> None:
    line = RPC.removeprefix("2026-11-23 15:40:38.838 126 ")
    assert compute_log.read(f"2026-11-23 15:40:38.838 126 {line}") == [
        "InvalidSharedStorage: compute-40 is not on shared storage: it has disks."
    ]


def asked(log: Path, *, server_id: str = SERVER) -> str:
    """Return what the command prints on a host that has this log, and no other."""
    programs = path(log.parent / "programs", without=["journalctl"])
    text = compute_log.compute_log(REQUEST, server_id=server_id).text
    return subprocess.run(
        ["sh", "-eu", "-c", text.replace("/var/log/nova", str(log.parent))],
        env={"PATH": programs},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


# as nova-compute 26.2.2 wrote them: a thread of its own has no request
def test_it_finds_the_reason_on_a_line_without_a_request(tmp_path: Path) -> None:
    log = tmp_path / "nova-compute.log"
    start = "2026-11-23 15:40"
    driver = "nova.virt.libvirt.driver"
    lines = [
        f"{start}:01.000 7 ERROR {driver} [-] [instance: {SERVER}] an earlier one",
        f"{start}:02.000 7 INFO nova.compute.manager [{CONTEXT[6:]} Took 1.5 seconds",
        f"{start}:03.000 7 INFO {driver} [-] [instance: {SERVER}] 10% done",
        f"{start}:04.000 7 ERROR {driver} [-] [instance: 7a1d] another instance's",
        f"{start}:05.000 7 ERROR {driver} [-] [instance: {SERVER}] Live Migration"
        " failure: unable to connect",
        f"{start}:06.000 7 ERROR {driver} [req-other - -] [instance: {SERVER}] later",
    ]
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert compute_log.read(asked(log)) == ["Live Migration failure: unable to connect"]


def test_colours_of_the_log_are_left_out(tmp_path: Path) -> None:
    log = tmp_path / "nova-compute.log"
    line = (
        "2026-11-23 15:40:05.000 7 \x1b[01;31mERROR nova.virt.libvirt.driver ["
        f"\x1b[01;36mNone {REQUEST} \x1b[00;36madmin\x1b[01;31m] "
        f"\x1b[01;35m[instance: {SERVER}] \x1b[01;31mLive Migration failure: x\x1b[00m"
    )
    log.write_text(f"{line}\n", encoding="utf-8")
    assert compute_log.read(asked(log)) == ["Live Migration failure: x"]
    assert compute_log.read(line) == ["Live Migration failure: x"]


def test_it_asks_for_few_lines_of_one_request_only(tmp_path: Path) -> None:
    log = tmp_path / "nova-compute.log"
    others = PRE.replace(REQUEST, "req-somebody-elses")
    told = [PRE.replace("compute-41", f"host-{n}") for n in range(100)]
    log.write_text("\n".join([others, *told, "an odd line", others]) + "\n")
    answer = asked(log)
    lines = answer.splitlines()
    assert len(lines) == compute_log.MOST_LINES
    assert lines[-1] == told[-1]
    assert "req-somebody-elses" not in answer


def test_it_quotes_what_it_puts_into_a_command() -> None:
    bad = "req-1; touch /tmp/never $(id)"
    text = compute_log.compute_log(bad, server_id=bad).text
    assert f"request='{bad}'" in text
    assert f"instance='[instance: {bad}]'" in text
    assert f" -- '{bad}' " in domjobinfo.domjobinfo(bad).text


def test_it_reads_how_long_libvirt_says_that_the_guest_stood_still() -> None:
    job = domjobinfo.read(DOMJOBINFO)
    assert job is not None
    assert (job.downtime, job.elapsed, job.iterations) == (82, 2857, 3)
    assert job.processed == round(76.783 * 2**20)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "Job type:         None\n",
        DOMJOBINFO.replace("Incoming migration", "Backup"),
    ],
)
def test_it_takes_no_other_job_for_a_migration(answer: str) -> None:
    assert domjobinfo.read(answer) is None


def test_it_says_once_what_libvirt_says_twice() -> None:
    said = "Live Migration failure: internal error: qemu closed the monitor"
    line = RPC.split("Exception")[0] + said
    other = (
        RPC.split("Exception")[0] + "Live migration failed.: libvirt.libvirtError: x"
    )
    told = compute_log.read(
        f"{line}: libvirt.libvirtError: internal error: qemu closed the monitor"
        f"\n{other}"
    )
    assert told[0] == said
    assert compute_log.telling(told) == said


def test_it_names_the_cause_that_a_copy_complained_of_and_not_what_followed() -> None:
    full = (
        'rsync: [receiver] write failed on "/i/disk": No space left on device (28)',
        "rsync error: error in file IO (code 11) at receiver.c(378) [receiver=3.2.7]",
        "rsync: [sender] write error: Broken pipe (32)",
    )
    answer = "ended 11\n" + "".join(f"err {line}\n" for line in full)

    assert detached_job.read(answer).complaint == full[0]
    assert detached_job.read(f"ended 11\nerr {full[1]}\n").complaint == full[1]
    assert detached_job.read("ended 1\n").complaint == ""
