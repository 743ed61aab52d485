"""What a guest keeps beside its disks: its TPM and its UEFI variables."""

from __future__ import annotations

import pytest

from migrations_app.preflight.advice import advise
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, COLD_BY_DISABLING, LIVE
from tests.preflight.build import (
    TARGET,
    facts,
    finding,
    guest,
    said,
    seen,
    server,
    with_specs,
)

OK, WARNS, UNKNOWN, BLOCKS = (
    Severity.OK,
    Severity.WARNS,
    Severity.UNKNOWN,
    Severity.BLOCKS,
)
USER = {"hw__tpm_version": "2.0"}
HOST = {**USER, "hw__tpm_secret_security": "host"}
DEPLOYMENT = {**USER, "hw__tpm_secret_security": "deployment"}


@pytest.mark.parametrize(
    ("specs", "release", "live", "cold"),
    [
        (USER, None, BLOCKS, UNKNOWN),
        (USER, 31, BLOCKS, UNKNOWN),
        (USER, 33, BLOCKS, UNKNOWN),
        (HOST, None, WARNS, UNKNOWN),
        (HOST, 32, BLOCKS, UNKNOWN),
        (HOST, 33, WARNS, UNKNOWN),
        (DEPLOYMENT, None, BLOCKS, UNKNOWN),
        (DEPLOYMENT, 32, BLOCKS, UNKNOWN),
        (DEPLOYMENT, 33, BLOCKS, OK),
    ],
)
@pytest.mark.parametrize("state", ["active", "stopped"])
def test_it_says_how_a_guest_with_a_tpm_may_move(
    specs: dict[str, str],
    release: int | None,
    live: Severity,
    cold: Severity,
    state: str,
) -> None:
    given = facts(server=server(flavor=with_specs(**specs).flavor, vm_state=state))
    given = facts(server=given.server, release=release)
    assert said("device.vtpm", given, by=LIVE) is live
    assert said("device.vtpm", given, by=COLD) is cold
    assert said("device.vtpm", given, by=COLD_BY_DISABLING) is cold


def test_it_sees_by_the_guest_that_its_image_asked_for_a_tpm() -> None:
    given = seen(guest(tpm=True), release=29)
    assert said("device.vtpm", given, by=LIVE) is BLOCKS
    assert said("device.vtpm", given, by=COLD) is UNKNOWN


def test_it_sends_nobody_from_one_closed_way_to_the_other() -> None:
    live = finding("device.vtpm", facts(server=with_specs(**USER), release=33))
    cold = finding("device.vtpm", facts(server=with_specs(**USER)), by=COLD)
    assert live is not None and cold is not None
    assert not live.remedy.startswith("Move it cold")
    assert "hw:tpm_secret_security=host" in live.remedy
    assert "Barbican" in cold.remedy
    assert "ERROR" in cold.sentence


def test_it_names_no_release_s_way_to_a_cloud_that_lacks_it() -> None:
    for by in (LIVE, COLD):
        given = facts(server=with_specs(**USER), release=31)
        found = finding("device.vtpm", given, by=by)
        assert found is not None
        assert "hw:tpm_secret_security" not in found.remedy


def test_it_says_whose_key_it_is() -> None:
    for specs, whose in ((USER, "belongs to its user"), (DEPLOYMENT, "Nova's own")):
        found = finding("device.vtpm", facts(server=with_specs(**specs), release=33))
        assert found is not None
        assert whose in found.sentence


def test_a_key_that_the_host_keeps_is_advised_to_go_live() -> None:
    given = seen(server=with_specs(**HOST), release=33)
    best = advise(given, targets=[TARGET]).recommended
    assert best is not None
    assert best.procedure == LIVE


@pytest.mark.parametrize("by", [COLD, COLD_BY_DISABLING])
def test_a_cold_move_loses_uefi_settings(by: str) -> None:
    image = server(image_properties={"hw_firmware_type": "uefi"})
    for given in (facts(server=image), seen(guest(nvram="/x_VARS.fd"))):
        found = finding("device.uefi", given, by=by)
        assert found is not None
        assert found.severity is WARNS
        assert found.evidence["loses"] == "UEFI settings"
        assert said("device.uefi", given, by=LIVE) is None


def test_a_firmware_without_variables_loses_none() -> None:
    asked = {"hw_firmware_type": "uefi", "hw_firmware_stateless": "true"}
    for given in (facts(), facts(server=server(image_properties=asked))):
        assert said("device.uefi", given, by=COLD) is None


def test_a_guest_with_uefi_settings_is_advised_to_go_live() -> None:
    given = seen(guest(nvram="/x_VARS.fd"), release=33)
    best = advise(given, targets=[TARGET]).recommended
    assert best is not None
    assert best.procedure == LIVE
