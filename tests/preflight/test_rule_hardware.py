"""Whether the target's hardware can be the guest's: its machine type, its video."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, COLD_BY_DISABLING, LIVE, MANUAL
from tests.preflight.build import facts, finding, guest, said, seen, server

OK, UNKNOWN, BLOCKS = Severity.OK, Severity.UNKNOWN, Severity.BLOCKS
OLD = "pc-q35-rhel9.4.0"


def started(machine: str, recorded: str | None, **target: Any) -> Facts:
    """A guest that runs on one machine type, and what Nova tells of the recorded."""
    told = None if recorded is None else {"hw_machine_type": recorded}
    return seen(
        guest(machine=machine), server=server(image_properties=told), target=target
    )


@pytest.mark.parametrize("by", [COLD, COLD_BY_DISABLING, MANUAL])
@pytest.mark.parametrize(
    ("recorded", "takes", "takes_recorded", "expected"),
    [
        (OLD, True, None, OK),
        (OLD, False, None, BLOCKS),
        (OLD, None, None, UNKNOWN),
        ("q35", False, True, OK),  # the alias is what it means on the target
        ("q35", False, False, BLOCKS),
        ("q35", False, None, UNKNOWN),
        (None, True, None, OK),
        (None, False, None, UNKNOWN),
        (None, None, None, UNKNOWN),
    ],
)
def test_a_start_on_the_target_asks_for_the_machine_type_that_nova_recorded(
    by: str,
    recorded: str | None,
    takes: bool | None,
    takes_recorded: bool | None,
    expected: Severity,
) -> None:
    given = started(OLD, recorded, takes_machine=takes, takes_recorded=takes_recorded)
    assert said("target.machine", given, by=by) is expected


def test_a_stopped_instance_is_asked_about_too() -> None:
    off = guest(machine=OLD, state="shut off")
    asked = server(image_properties={"hw_machine_type": OLD}, vm_state="stopped")
    given = seen(off, server=asked, target={"takes_machine": False})
    assert said("target.machine", given, by=COLD) is BLOCKS
    assert said("target.machine", given, by=LIVE) is None


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [(OLD, UNKNOWN), ("pc-i440fx-jammy", UNKNOWN), ("q35", None), ("pc", None)],
)
def test_a_recorded_version_is_unknown_where_nobody_looked(
    recorded: str, expected: Severity | None
) -> None:
    given = facts(server=server(image_properties={"hw_machine_type": recorded}))
    assert said("target.machine", given, by=COLD) is expected
    assert said("target.machine", given, by=LIVE) is None
    assert said("target.machine", facts(), by=COLD) is None
    assert said("target.choice", given, by=COLD, to=None) is (expected or OK)


def test_it_says_where_an_instance_with_a_gone_machine_type_ends() -> None:
    found = finding("target.machine", started(OLD, OLD, takes_machine=False), by=COLD)
    assert found is not None
    assert "ERROR" in found.sentence
    assert "update_machine_type" in found.remedy


def test_a_live_move_does_not_send_to_a_cold_one_that_is_closed() -> None:
    found = finding("target.machine", started(OLD, OLD, takes_machine=False))
    assert found is not None
    assert found.severity is BLOCKS
    assert "only if" in found.remedy


@pytest.mark.parametrize(
    ("rule", "lacks"),
    [("target.cpu", "takes_cpu"), ("target.machine", "takes_machine")],
)
def test_a_paused_guest_is_compared_as_a_running_one(rule: str, lacks: str) -> None:
    for state, expected in (
        ("paused", BLOCKS),
        ("running", BLOCKS),
        ("shut off", None),
    ):
        given = seen(guest(state=state), target={lacks: False})
        assert said(rule, given, by=LIVE) is expected


@pytest.mark.parametrize(
    ("by", "runs", "recorded", "models", "expected"),
    [
        (LIVE, "qxl", "qxl", ("vga", "virtio"), BLOCKS),
        (LIVE, "qxl", None, ("vga", "virtio"), BLOCKS),
        (LIVE, "qxl", "qxl", ("vga", "qxl"), OK),
        (LIVE, "qxl", "qxl", (), UNKNOWN),
        (LIVE, "virtio", "virtio", (), None),
        (LIVE, "", None, ("vga",), None),
        (LIVE, "none", None, ("vga",), None),
        (COLD, "qxl", "qxl", ("vga", "virtio"), BLOCKS),
        (COLD, "qxl", "virtio", ("vga", "virtio"), OK),
        (COLD, "qxl", None, ("vga", "virtio"), UNKNOWN),
        (COLD, "cirrus", "cirrus", ("vga",), BLOCKS),
        (MANUAL, "qxl", "qxl", ("vga", "virtio"), BLOCKS),
    ],
)
def test_the_target_has_the_video_model_of_the_guest(
    by: str,
    runs: str,
    recorded: str | None,
    models: tuple[str, ...],
    expected: Severity | None,
) -> None:
    told = None if recorded is None else {"hw_video_model": recorded}
    given = seen(
        guest(video=runs),
        server=server(image_properties=told),
        target={"videos": models},
    )
    assert said("target.video", given, by=by) is expected


@pytest.mark.parametrize("by", [LIVE, COLD])
def test_qxl_is_unknown_where_nobody_looked(by: str) -> None:
    qxl = server(image_properties={"hw_video_model": "qxl"})
    virtio = server(image_properties={"hw_video_model": "virtio"})
    assert said("target.video", facts(server=qxl), by=by) is UNKNOWN
    assert said("target.video", facts(server=virtio), by=by) is None
    assert said("target.choice", facts(server=qxl), by=by, to=None) is UNKNOWN
    assert said("target.choice", facts(server=virtio), by=by, to=None) is OK
