from __future__ import annotations

from dataclasses import replace

import pytest

from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, LIVE
from tests.preflight.build import (
    SOURCE,
    TARGET,
    facts,
    finding,
    hypervisor,
    said,
    seen,
    service,
)
from tests.preflight.case import options

OK, BLOCKS = Severity.OK, Severity.BLOCKS
DOWN = {"services": "Nova refuses it."}


@pytest.mark.parametrize("procedure", [LIVE, COLD])
def test_it_blocks_a_source_that_is_down(procedure: str) -> None:
    given = facts(services=[service(SOURCE, up=False)])
    found = finding("source.up", given, by=procedure)
    assert found is not None
    assert found.severity is BLOCKS
    assert "evacuate" in found.remedy


def test_it_blocks_a_source_that_was_forced_down_and_says_so() -> None:
    given = facts(services=[service(SOURCE, up=False, forced_down=True)])
    found = finding("source.up", given)
    assert found is not None
    assert "forced down" in found.sentence


def test_it_blocks_a_source_without_a_service() -> None:
    assert said("source.up", replace(facts(), services={})) is BLOCKS


def test_it_is_content_with_a_source_that_is_up() -> None:
    assert said("source.up", facts()) is OK


def test_it_takes_a_disabled_source() -> None:
    given = facts(services=[service(SOURCE, enabled=False)])
    assert said("source.up", given) is OK


@pytest.mark.parametrize("name", ["source.up", "target.up"])
def test_it_does_not_know_who_is_up_when_the_services_cannot_be_read(name: str) -> None:
    assert said(name, facts(unread=DOWN)) is Severity.UNKNOWN


def test_it_blocks_a_target_that_nova_does_not_know() -> None:
    assert said("target.known", facts(), to="compute-99") is BLOCKS


def test_it_tells_the_host_of_a_hypervisor_that_was_named_instead() -> None:
    found = finding("target.known", facts(), to=f"{TARGET}.example.org")
    assert found is not None
    assert found.severity is BLOCKS
    assert found.remedy == f"Choose {TARGET} as the target."


def test_it_is_content_with_a_target_that_nova_knows() -> None:
    assert said("target.known", facts()) is OK


def test_it_does_not_know_a_target_when_the_hypervisors_cannot_be_read() -> None:
    given = facts(unread={"hypervisors": "Nova did not answer."})
    assert said("target.known", given) is Severity.UNKNOWN


def test_it_blocks_the_source_as_the_target() -> None:
    assert said("target.not_source", facts(), to=SOURCE) is BLOCKS


def test_it_is_silent_about_another_host() -> None:
    assert said("target.not_source", facts()) is None


@pytest.mark.parametrize("forced", [True, False])
def test_it_blocks_a_target_that_is_down(forced: bool) -> None:
    given = facts(services=[service(TARGET, up=False, forced_down=forced)])
    found = finding("target.up", given)
    assert found is not None
    assert found.severity is BLOCKS
    assert ("forced" in found.sentence) is forced


def test_it_is_content_with_a_target_that_is_up() -> None:
    assert said("target.up", facts()) is OK


def test_it_blocks_a_disabled_target_and_shows_the_reason() -> None:
    disabled = service(TARGET, enabled=False, disabled_reason="Migrations Only")
    found = finding("target.enabled", facts(services=[disabled]))
    assert found is not None
    assert found.severity is BLOCKS
    assert "Migrations Only" in found.sentence


def test_it_is_content_with_an_enabled_target() -> None:
    assert said("target.enabled", facts()) is OK


@pytest.mark.parametrize("name", ["target.up", "target.enabled", "target.hypervisor"])
def test_it_says_only_once_that_a_target_is_unknown(name: str) -> None:
    assert said(name, facts(), to="compute-99") is None


@pytest.mark.parametrize(
    ("procedure", "severity"), [(LIVE, BLOCKS), (COLD, Severity.WARNS)]
)
def test_it_speaks_against_another_kind_of_hypervisor(
    procedure: str, severity: Severity
) -> None:
    given = facts(hypervisor(TARGET, type="VMware vCenter Server"))
    assert said("target.hypervisor", given, by=procedure) is severity


def test_it_blocks_a_live_move_to_an_older_hypervisor() -> None:
    given = facts(hypervisor(TARGET, version=7002000), release=25)
    assert said("target.hypervisor", given, by=LIVE) is BLOCKS
    assert said("target.hypervisor", given, by=COLD) is None
    # the conductor is upgraded before the hosts
    upgraded = replace(given, control=(26, 26))
    assert said("target.hypervisor", upgraded, by=LIVE) is Severity.UNKNOWN


@pytest.mark.parametrize("switch", ["true", "false"])
@pytest.mark.parametrize("release", [26, 33, None])
def test_only_the_conductor_knows_whether_an_older_hypervisor_will_do(
    release: int | None, switch: str
) -> None:
    said_there = options(workarounds__skip_hypervisor_version_check_on_lm=switch)
    older = {TARGET: hypervisor(TARGET, version=7002000)}
    given = seen(target=said_there, release=release)
    given = replace(given, hypervisors={**given.hypervisors, **older})
    assert said("target.hypervisor", given, by=LIVE) is Severity.UNKNOWN
    assert said("target.hypervisor", given, by=COLD) is None


@pytest.mark.parametrize("version", [8002000, 9000000])
def test_it_is_content_with_the_same_or_a_newer_hypervisor(version: int) -> None:
    given = facts(hypervisor(TARGET, version=version))
    assert said("target.hypervisor", given) is OK
