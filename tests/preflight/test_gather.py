"""Facts gathered from a cloud that answers as Nova does."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from migrations_app.errors import Gone, Refused, Unreachable
from migrations_app.integrations.interfaces import Command, Move, World
from migrations_app.preflight.advice import advise, examine, resolve
from migrations_app.preflight.facts import Facts, gather
from migrations_app.preflight.finding import Finding, Severity
from migrations_app.preflight.rule import COLD, LIVE, MANUAL
from pretend import PretendCloud, seed
from pretend.seed import SWAPPY

TARGET = "compute-34"
# What they judge only the hosts know: they warn of every move where nobody looked.
OF_HOSTS = {"hosts.instances_path", "disk.raw", "disk.ephemeral"}


@pytest.fixture
def cloud() -> Iterator[PretendCloud]:
    cloud = PretendCloud()
    seed(cloud)
    yield cloud
    cloud.close()


def against(
    cloud: PretendCloud, name: str, target: str | None, procedure: str = LIVE
) -> set[str]:
    """Return the rules that speak against the move by what the cloud says."""
    findings = found(cloud, name, target, procedure)
    return {f.rule for f in findings if f.severity.weight} - OF_HOSTS


def found(
    cloud: PretendCloud, name: str, target: str | None, procedure: str
) -> list[Finding]:
    facts = gathered(cloud, name, target)
    return examine(facts, move_of(facts, target), procedure)


def gathered(cloud: PretendCloud, name: str, target: str | None = None) -> Facts:
    targets = None if target is None else [target]
    return gather(World(cloud), cloud.id_of(name), targets=targets)


def move_of(facts: Facts, target: str | None) -> Move:
    server = facts.server
    return Move(server.id, server.name, server.host or "", target)


@pytest.mark.parametrize(
    ("target", "placement"), [(TARGET, 1), (None, 0), ("compute-99", 0)]
)
def test_it_asks_each_question_once_whatever_the_number_of_hosts(
    cloud: PretendCloud, target: str | None, placement: int
) -> None:
    cloud.calls.clear()
    facts = gathered(cloud, "web-04", target)
    asked = {call: cloud.calls[call, subject] for call, subject in cloud.calls}
    for about_one in (
        "fits",
        "allocations",
        "network_agents",
        "has_image",
        "left_bindings",
    ):
        assert asked.pop(about_one, 0) == placement
    assert asked == dict.fromkeys(
        [
            "server",
            "hypervisors",
            "services",
            "group_of",
            "migrations",
            "ports",
            "volumes",
            "shares",
            "under_way",
            "release",
        ],
        1,
    )
    assert facts.unread == {}


def entered(cloud: PretendCloud, name: str, target: str | None) -> Facts:
    """Gather with a way into the hosts and into Nova's database."""
    world = World(cloud, cloud.hosts, cloud.nova_db)
    targets = None if target is None else [target]
    return gather(world, cloud.id_of(name), targets=targets)


def test_it_enters_both_hosts_when_one_target_is_named(cloud: PretendCloud) -> None:
    facts = entered(cloud, "web-03", "compute-32")
    pair = facts.pair(move_of(facts, "compute-32"))
    assert pair is not None
    assert pair.guest is not None
    assert [disk.device for disk in pair.guest.disks] == ["disk", "cdrom"]
    assert (pair.target.shared, pair.target.folder_there) == (False, False)
    assert facts.row is not None
    assert facts.row.place.host == "compute-31"
    assert facts.place is not None
    assert facts.place.host == "compute-32"
    found = examine(facts, move_of(facts, "compute-32"), MANUAL)
    assert {f.rule for f in found if f.severity.weight} == {"manual.last"}


def test_the_target_is_asked_for_the_machine_type_that_nova_recorded(
    cloud: PretendCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = cloud.server(cloud.id_of("web-03"))
    told = replace(server, image_properties={"hw_machine_type": "pc-i440fx-4.2"})
    monkeypatch.setattr(cloud, "server", lambda _: told)
    asked: list[str] = []
    hosts = cloud.hosts
    run = hosts.run

    def listening(host: str, command: Command, *, timeout: float = 20.0) -> str:
        asked.append(f"{host}: {command.text}")
        return run(host, command, timeout=timeout)

    monkeypatch.setattr(hosts, "run", listening)
    gather(World(cloud, hosts), told.id, targets=["compute-32"])
    (one,) = [text for text in asked if "domcapabilities" in text]
    assert one.startswith("compute-32: ")
    assert "able recorded pc-i440fx-4.2" in one


def test_it_sees_what_ephemeral_and_swap_disks_stand_on(cloud: PretendCloud) -> None:
    cloud.create("scratch", host="compute-30", project="batch", flavor=SWAPPY)
    for own, expected in ((0, Severity.OK), (1, Severity.BLOCKS)):
        cloud.set(own_bases=own)
        facts = entered(cloud, "scratch", TARGET)
        told = {f.rule: f for f in examine(facts, move_of(facts, TARGET), LIVE)}
        assert told["disk.ephemeral"].severity is expected
        assert told["hosts.instances_path"].severity is Severity.OK


def test_it_enters_no_host_for_a_list_of_candidates(cloud: PretendCloud) -> None:
    facts = entered(cloud, "web-04", None)
    assert (facts.survey, facts.row, facts.entered) == (None, None, True)
    assert not any(call.startswith("ssh.") for call, _ in cloud.calls)
    found = {f.rule: f for f in examine(facts, move_of(facts, TARGET), MANUAL)}
    assert found["manual.hosts"].severity is Severity.UNKNOWN


def test_a_host_that_cannot_be_entered_forbids_only_a_move_by_hand(
    cloud: PretendCloud,
) -> None:
    cloud.edit_host(TARGET, ssh=False)
    facts = entered(cloud, "web-04", TARGET)
    assert facts.gaps(by_hand=False) == {}
    assert facts.gaps(by_hand=True).keys() == {TARGET}
    move = move_of(facts, TARGET)
    live = {f.rule: f.severity for f in examine(facts, move, LIVE)}
    assert live["hosts.read"] is Severity.UNKNOWN
    hand = {f.rule: f.severity for f in examine(facts, move, MANUAL)}
    assert hand["manual.hosts"] is Severity.BLOCKS


def test_it_tells_the_release_by_the_api(cloud: PretendCloud) -> None:
    assert gathered(cloud, "web-04").release is None
    cloud.set(release=31)
    assert gathered(cloud, "web-04").release == (31, 31)


def test_what_we_may_not_read_is_no_reason_to_wait(cloud: PretendCloud) -> None:
    cloud.fail("volumes", Refused("Cinder does not let our account do this."))
    facts = gathered(cloud, "web-db-02")
    assert facts.gaps(by_hand=False) == {}
    cloud.fail("volumes", Unreachable("Cinder does not answer."))
    facts = gathered(cloud, "web-db-02")
    assert facts.gaps(by_hand=False) == {"volumes": "Cinder does not answer."}


def test_it_asks_placement_about_no_candidate_of_a_list(cloud: PretendCloud) -> None:
    server_id = cloud.id_of("web-04")
    facts = gather(World(cloud), server_id, targets=["compute-31", TARGET])
    assert facts.fits == {}
    advice = advise(facts, targets=["compute-31", TARGET])
    assert advice.recommended is not None
    assert advice.recommended.target == TARGET  # the other is in another zone


@pytest.mark.parametrize(
    ("name", "target", "procedure", "rules"),
    [
        ("web-04", TARGET, LIVE, set()),
        ("web-04", TARGET, COLD, set()),
        ("web-04", "compute-31", LIVE, {"target.zone"}),
        ("web-04", "compute-30", LIVE, {"target.not_source"}),
        ("web-04", "compute-99", LIVE, {"target.known"}),
        ("web-zoned", "compute-31", LIVE, {"target.zone"}),
        ("web-01", TARGET, LIVE, {"group.anti_affinity"}),
        ("web-cache-01", "compute-33", LIVE, {"group.affinity"}),
        ("web-03", "compute-32", LIVE, {"disk.config_drive"}),
        ("web-03", "compute-32", COLD, set()),
        ("web-stopped", TARGET, LIVE, {"instance.state"}),
        ("web-stopped", TARGET, COLD, set()),
        ("web-locked", "compute-32", LIVE, {"instance.lock"}),
        ("batch-resized", "compute-31", COLD, {"instance.verify_resize"}),
        ("batch-broken", "compute-31", COLD, {"instance.state"}),
        ("web-04", None, LIVE, {"instance.zone"}),
    ],
)
def test_it_finds_what_the_seeded_guests_were_made_for(
    cloud: PretendCloud, name: str, target: str | None, procedure: str, rules: set[str]
) -> None:
    assert against(cloud, name, target, procedure) == rules


def test_it_sees_a_target_that_is_down_disabled_or_full(cloud: PretendCloud) -> None:
    cloud.edit_host(TARGET, up=False, enabled=False, disabled_reason="AUTO: libvirt")
    assert against(cloud, "web-04", TARGET) == {"target.up", "target.enabled"}
    cloud.add_host("small", zone="OS1", ram_mb=700)
    assert against(cloud, "web-04", "small") == {"target.room"}


def test_it_sees_a_move_that_is_under_way() -> None:
    began = datetime.now(UTC)
    times = itertools.count()
    cloud = PretendCloud(clock=lambda: began + timedelta(milliseconds=next(times)))
    seed(cloud)
    cloud.set(live_seconds=3600)
    cloud.live_migrate(cloud.id_of("web-04"), host=TARGET)
    while not cloud.migrations(cloud.id_of("web-04")):
        pass  # every look takes a millisecond of the cloud's time
    assert {"instance.task", "instance.migration"} <= against(cloud, "web-04", TARGET)
    cloud.close()


def test_it_recommends_what_suits_the_instance(cloud: PretendCloud) -> None:
    running, stopped = gathered(cloud, "web-04"), gathered(cloud, "web-stopped")
    assert resolve(running, move_of(running, TARGET)).procedure == LIVE
    assert resolve(stopped, move_of(stopped, TARGET)).procedure == COLD


def test_it_raises_that_the_instance_is_gone(cloud: PretendCloud) -> None:
    server_id = cloud.id_of("web-04")
    cloud.delete(server_id)
    with pytest.raises(Gone):
        gather(World(cloud), server_id, targets=[TARGET])


def test_it_raises_that_nova_does_not_answer(cloud: PretendCloud) -> None:
    server_id = cloud.id_of("web-04")
    cloud.down()
    with pytest.raises(Unreachable):
        gather(World(cloud), server_id, targets=[TARGET])


@pytest.mark.parametrize(
    ("call", "rules"),
    [
        ("hypervisors", {"target.known"}),
        ("services", {"source.up", "target.up"}),
        ("group_of", {"group.affinity"}),
        ("migrations", {"instance.migration"}),
        ("ports", {"device.accelerator"}),
    ],
)
def test_it_says_what_could_not_be_read_instead_of_guessing(
    cloud: PretendCloud, call: str, rules: set[str]
) -> None:
    cloud.fail(call, Refused("The policy of the cloud forbids it."))
    findings = found(cloud, "web-04", TARGET, LIVE)
    unknown = {f.rule: f for f in findings if f.severity is Severity.UNKNOWN}
    assert unknown.keys() == rules
    for finding in unknown.values():
        assert finding.evidence["why"] == "The policy of the cloud forbids it."
        assert finding.remedy


def test_it_judges_by_the_stock_when_placement_refuses(cloud: PretendCloud) -> None:
    cloud.fail("fits", Refused("The policy of the cloud forbids it."))
    facts = gathered(cloud, "web-04", TARGET)
    assert facts.unread.keys() == {"fits"}
    assert facts.fits == {TARGET: None}
    assert resolve(facts, move_of(facts, TARGET)).procedure == LIVE


def test_a_cloud_that_is_asked_several_things_at_once_says_the_same(
    cloud: PretendCloud,
) -> None:
    one_by_one = gather(World(cloud), cloud.id_of("web-01"), targets=[TARGET])
    cloud.at_once = 8
    at_once = gather(World(cloud), cloud.id_of("web-01"), targets=[TARGET])
    assert replace(at_once, taken_at=one_by_one.taken_at) == one_by_one
