from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from migrations_app.errors import Unfit
from migrations_app.integrations.interfaces import MEMORY_MB, VCPU, Hypervisor
from migrations_app.preflight.advice import advise, examine, resolve, what_if
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, Severity, worst
from migrations_app.preflight.rule import COLD, COLD_BY_DISABLING, LIVE, MANUAL
from migrations_app.preflight.rules import RULES
from tests.preflight.build import (
    OTHER,
    SOURCE,
    TARGET,
    by_hand,
    facts,
    group,
    hypervisor,
    move,
    record,
    seen,
    server,
    service,
    stock,
    with_specs,
)
from tests.preflight.case import options

STOPPED = server(vm_state="stopped", status="SHUTOFF", power_state=4)


@pytest.mark.parametrize("procedure", [LIVE, COLD])
def test_it_finds_nothing_against_an_ordinary_move(procedure: str) -> None:
    findings = examine(seen(), move(), procedure)
    assert worst(findings) is Severity.OK
    assert len(findings) > 8  # what was checked is shown, too


def test_it_reports_in_the_order_of_the_rules() -> None:
    given = facts(
        server=server(locked=True, config_drive=True),
        services=[service(TARGET, enabled=False)],
        migrations=(record("failed"),),
    )
    ranks = [rule.id for rule in RULES]
    found = [ranks.index(finding.rule) for finding in examine(given, move(), LIVE)]
    assert found == sorted(found)


def test_it_refuses_a_procedure_that_no_rule_speaks_of() -> None:
    with pytest.raises(Unfit, match="does not know a procedure teleport"):
        examine(facts(), move(), "teleport")


def test_it_gives_every_finding_that_blocks_a_remedy() -> None:
    given = facts(
        server=server(vm_state="error", host=OTHER, task_state="x"),
        services=[service(SOURCE, up=False), service(TARGET, up=False)],
        group=group("affinity"),
    )
    blocking = [
        finding
        for finding in examine(given, move(), LIVE)
        if finding.severity is Severity.BLOCKS
    ]
    assert len(blocking) == 6
    assert all(finding.remedy for finding in blocking)


def test_it_lets_the_heaviest_finding_decide() -> None:
    def found(*severities: Severity) -> list[Finding]:
        return [Finding("r", severity, "s") for severity in severities]

    ok, warns, unknown, blocks = (
        Severity.OK,
        Severity.WARNS,
        Severity.UNKNOWN,
        Severity.BLOCKS,
    )
    assert worst([]) is ok
    assert worst(found(ok, warns, ok)) is warns
    assert worst(found(unknown, warns)) is unknown
    assert worst(found(warns, blocks, unknown)) is blocks


def test_it_recommends_the_roomiest_host_in_the_same_zone() -> None:
    given = facts(
        hypervisor(TARGET, stock=stock(ram_mb=20000)),
        hypervisor(OTHER, stock=stock(ram_mb=30000)),
        hypervisor("compute-32", zone="OS2"),
    )
    advice = advise(given)
    assert advice.recommended is not None
    assert (advice.recommended.procedure, advice.recommended.target) == (LIVE, OTHER)
    tried = [(option.procedure, option.target) for option in advice.options]
    assert tried[:6] == [
        (LIVE, OTHER),
        (LIVE, TARGET),
        (LIVE, "compute-32"),
        (COLD, OTHER),
        (COLD, TARGET),
        (COLD, "compute-32"),
    ]
    dirty = [COLD_BY_DISABLING] * 3 + [MANUAL] * 3
    assert [procedure for procedure, _ in tried[6:]] == dirty


def test_it_recommends_a_dirty_way_only_when_the_clean_ones_are_blocked() -> None:
    torn = by_hand(group=group("affinity", on=SOURCE))
    advice = advise(torn, targets=[TARGET])
    assert advice.recommended is not None
    assert advice.recommended.procedure == MANUAL
    uncertain = by_hand(unread={"group": "Refused."})
    advice = advise(uncertain, targets=[TARGET])
    assert advice.recommended is not None
    assert advice.recommended.procedure == LIVE


def test_it_recommends_a_cold_move_of_a_stopped_instance() -> None:
    advice = advise(facts(server=STOPPED))
    assert advice.recommended is not None
    assert advice.recommended.procedure == COLD
    assert advice.recommended.estimate.downtime == (0, 0)


def test_it_turns_no_guest_off_for_what_costs_at_most_a_refused_request() -> None:
    advice = advise(facts(server=with_specs(pci_passthrough__alias="a100:1")))
    assert advice.recommended is not None
    assert advice.recommended.procedure == LIVE
    assert advice.why.startswith(
        "Live stops the guest for up to 2 s, Cold for up to 4 min; what is unknown "
        "about Live costs at most a refused request."
    )


def test_it_says_why_this_host_and_not_the_next() -> None:
    def why(*hosts: Hypervisor, **changes: Any) -> str:
        return advise(facts(*hosts, **changes), procedures=[LIVE]).why

    fuller = hypervisor(TARGET, stock=stock(ram_mb=20000))
    assert why(fuller) == f"Of the hosts that could take it {OTHER} has most room."
    away = hypervisor(TARGET, zone="OS2")
    assert why(away) == f"Of the hosts that could take it {OTHER} is in the same zone."
    unclear = hypervisor(TARGET, stock={})
    assert why(unclear) == f"No other host costs the guest as little as {OTHER}."
    assert why() == ""


def test_it_knows_that_disks_in_ceph_are_not_copied() -> None:
    ceph: Any = options(libvirt__images_type="rbd")
    local, folder, shared = (
        advise(given, procedures=[COLD], targets=[TARGET]).options[0].estimate
        for given in (
            seen(target={"shared": False}),
            seen(target={"shared": True}),
            seen(source=ceph, target=ceph),
        )
    )
    assert shared.downtime < local.downtime
    assert "less if" not in local.words
    # Nova copies them within a folder that both hosts share
    assert folder.downtime == local.downtime


def test_it_recommends_nothing_when_everything_is_blocked() -> None:
    advice = advise(facts(group=group("affinity")))
    assert advice.recommended is None
    assert {option.verdict for option in advice.options} == {Severity.BLOCKS}


def test_it_tries_only_the_targets_that_were_named() -> None:
    advice = advise(facts(), procedures=[LIVE], targets=[TARGET, None])
    assert {option.target for option in advice.options} == {TARGET, None}


def test_its_advice_is_json() -> None:
    read = json.loads(json.dumps(advise(facts()).as_dict()))
    assert read["recommended"] == {"procedure": LIVE, "target": OTHER}
    assert read["advice"][0].keys() == {
        "procedure",
        "target",
        "verdict",
        "findings",
        "estimate",
    }
    nothing = advise(facts(group=group("affinity"))).as_dict()
    assert nothing["recommended"] is None


@pytest.mark.parametrize(
    ("given", "procedure"),
    [
        (facts(), LIVE),
        (facts(server=server(vm_state="paused", power_state=3)), LIVE),
        (facts(server=STOPPED), COLD),
        (facts(server=with_specs(hw__mem_encryption="1")), COLD),
        # a live migration would empty the drive
        (facts(server=server(config_drive=True), release=33), COLD),
        (facts(server=server(config_drive=True), release=29), LIVE),
        (seen(server=server(config_drive=True), target={"shared": True}), LIVE),
        # all blocked: what suits the state
        (facts(group=group("affinity")), LIVE),
        (facts(server=STOPPED, group=group("affinity")), COLD),
        # nothing certain: what costs least
        (facts(unread={"group": "Refused."}), LIVE),
    ],
)
def test_it_resolves_auto_to_the_least_downtime(given: Facts, procedure: str) -> None:
    assert resolve(given, move()).procedure == procedure


@pytest.mark.parametrize(
    ("given", "elsewhere"),
    [
        (facts(), False),
        (seen(target={"takes_cpu": False}), True),  # only this one has the wrong CPU
        (facts(server=with_specs(hw__mem_encryption="1")), False),
        (facts(server=STOPPED), False),
        (seen(target={"libvirt_reaches": None}), False),  # live all the same
        (facts(services=[service(TARGET, up=False)]), True),
    ],
)
def test_it_tells_whether_another_target_could_be_better(
    given: Facts, elsewhere: bool
) -> None:
    assert resolve(given, move()).elsewhere is elsewhere


def test_it_shows_both_hosts_before_and_after() -> None:
    given = facts(hypervisor(SOURCE, stock=stock(vcpus=60, ram_mb=50000)))
    after = what_if(given, move())
    assert after.source is not None and after.target is not None
    assert after.source.before[VCPU].used == 4
    assert after.source.after[VCPU].used == 2
    assert after.target.before[MEMORY_MB].free == 65536
    assert after.target.after[MEMORY_MB].free == 65536 - 4096
    json.dumps(after.as_dict())


def test_it_shows_only_the_source_while_the_scheduler_is_to_choose() -> None:
    after = what_if(facts(), move(None))
    assert after.source is not None
    assert after.target is None
    assert after.as_dict()["target"] is None


def test_it_changes_nothing_for_a_move_to_the_same_host() -> None:
    after = what_if(facts(), replace(move(), target=SOURCE))
    assert after.source is not None
    assert after.source.before == after.source.after


def test_it_recommends_nothing_that_may_well_leave_the_guest_off() -> None:
    given = facts(server=with_specs(hw__tpm_version="2.0", hw__tpm_model="tpm-crb"))
    found = advise(given, targets=[TARGET])
    assert not found.options[0].blocked
    assert found.recommended is None
    assert "possible, but not recommended" in found.why
