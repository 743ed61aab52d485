from __future__ import annotations

from dataclasses import replace

import pytest

from migrations_app.integrations.interfaces import Stock
from migrations_app.preflight.finding import Severity
from tests.preflight.build import (
    OTHER,
    SOURCE,
    TARGET,
    facts,
    finding,
    hypervisor,
    port,
    said,
    server,
    service,
    stock,
    with_specs,
)

OK, WARNS, UNKNOWN, BLOCKS = (
    Severity.OK,
    Severity.WARNS,
    Severity.UNKNOWN,
    Severity.BLOCKS,
)


def test_it_is_content_when_placement_says_that_it_fits() -> None:
    assert said("target.room", facts(fits={TARGET: True})) is OK


def test_it_blocks_when_placement_says_no_and_shows_what_is_short() -> None:
    given = facts(hypervisor(TARGET, stock=stock(ram_mb=1024)), fits={TARGET: False})
    found = finding("target.room", given)
    assert found is not None
    assert found.severity is BLOCKS
    assert found.evidence["short"] == {
        "MEMORY_MB": {"wanted": 4096, "free": 1024, "max_unit": 65536}
    }


def test_it_says_the_same_while_the_free_figures_move() -> None:
    one, other = (
        finding("target.room", facts(hypervisor(TARGET, stock=stock(ram_mb=free))))
        for free in (1024, 1000)
    )
    assert one is not None and other is not None
    assert (one.sentence, one.remedy) == (other.sentence, other.remedy)


def test_it_points_to_traits_when_the_stock_would_suffice() -> None:
    found = finding("target.room", facts(fits={TARGET: False}))
    assert found is not None
    assert found.severity is BLOCKS
    assert "traits" in found.remedy


@pytest.mark.parametrize(("free", "severity"), [(4096, OK), (4095, BLOCKS)])
def test_it_judges_by_the_stock_where_placement_was_not_asked(
    free: int, severity: Severity
) -> None:
    given = facts(hypervisor(TARGET, stock=stock(ram_mb=free)))
    assert said("target.room", given) is severity


def test_it_does_not_know_when_neither_placement_nor_stock_says() -> None:
    given = facts(
        hypervisor(TARGET, stock={}), fits={TARGET: None}, unread={"fits": "Refused."}
    )
    found = finding("target.room", given)
    assert found is not None
    assert found.severity is UNKNOWN
    assert found.evidence["why"] == "Refused."


def test_it_does_not_blame_the_room_of_a_disabled_host() -> None:
    given = facts(services=[service(TARGET, enabled=False)], fits={TARGET: False})
    assert said("target.room", given) is OK


def test_it_is_silent_about_the_room_of_an_unknown_host_and_of_the_source() -> None:
    assert said("target.room", facts(), to="compute-99") is None
    assert said("target.room", facts(), to=SOURCE) is None


def test_it_blocks_a_target_outside_of_the_zone_it_is_pinned_to() -> None:
    given = facts(hypervisor(TARGET, zone="OS2"), server=server(pinned_zone="OS1"))
    assert said("target.zone", given) is BLOCKS


def test_it_warns_when_an_instance_that_is_not_pinned_leaves_its_zone() -> None:
    given = facts(hypervisor(TARGET, zone="OS2"))
    assert said("target.zone", given) is WARNS


def test_it_is_content_with_a_target_in_the_same_zone() -> None:
    assert said("target.zone", facts(server=server(pinned_zone="OS1"))) is OK


def test_it_warns_that_the_scheduler_may_leave_the_zone() -> None:
    given = facts(hypervisor(OTHER, zone="OS2"))
    assert said("instance.zone", given, to=None) is WARNS


def test_it_is_content_when_the_scheduler_is_bound_to_the_zone() -> None:
    given = facts(hypervisor(OTHER, zone="OS2"), server=server(pinned_zone="OS1"))
    assert said("instance.zone", given, to=None) is OK


def test_it_is_silent_about_zones_where_there_is_one_or_a_target_is_chosen() -> None:
    assert said("instance.zone", facts(), to=None) is None
    assert said("instance.zone", facts(hypervisor(OTHER, zone="OS2"))) is None


def test_it_wants_whole_processors_for_a_guest_that_is_pinned_to_them() -> None:
    pinned = with_specs(hw__cpu_policy="dedicated")
    few = stock() | {"PCPU": Stock(8, 0, 1.0, 7, 8)}
    found = finding("target.room", facts(hypervisor(TARGET, stock=few), server=pinned))
    assert found is not None
    assert found.severity is BLOCKS
    assert found.evidence["short"].keys() == {"PCPU"}


def test_it_does_not_know_the_room_where_a_class_has_its_stock_elsewhere() -> None:
    pooled = {k: v for k, v in stock().items() if k != "DISK_GB"}
    assert said("target.room", facts(hypervisor(TARGET, stock=pooled))) is UNKNOWN


def test_it_does_not_know_whether_an_instance_is_pinned_before_nova_tells_it() -> None:
    elsewhere = facts(hypervisor(TARGET, zone="OS2"), server=server(pin_told=False))
    assert said("target.zone", elsewhere) is UNKNOWN
    assert said("target.zone", facts(server=server(pin_told=False))) is OK
    others = facts(hypervisor(OTHER, zone="OS2"), server=server(pin_told=False))
    assert said("instance.zone", others, to=None) is UNKNOWN


@pytest.mark.parametrize(
    ("release", "words"),
    [(25, "OS1."), (26, "2.91"), (33, "2.91"), (34, "2.104"), (None, "2.91")],
)
def test_it_names_the_way_of_each_release_to_unpin_an_instance(
    release: int | None, words: str
) -> None:
    pinned = server(pinned_zone="OS1")
    given = facts(hypervisor(TARGET, zone="OS2"), server=pinned, release=release)
    found = finding("target.zone", given)
    assert found is not None
    assert found.remedy.startswith("Choose a host in OS1")
    assert words in found.remedy


def test_it_names_no_host_in_a_zone_that_is_gone() -> None:
    found = finding("target.zone", facts(server=server(pinned_zone="OLD")))
    assert found is not None
    assert found.severity is BLOCKS
    assert "Choose a host" not in found.remedy
    assert "No host is in OLD: put an empty one" in found.remedy


@pytest.mark.parametrize(
    "specs",
    [
        {"resources1__VGPU": "1"},
        {"hw__cpu_policy": "mixed"},
        {"trait__HW_A": "required"},
    ],
)
def test_it_does_not_say_that_it_fits_where_the_stock_cannot_tell(
    specs: dict[str, str],
) -> None:
    server = with_specs(**specs)
    assert said("target.room", facts(server=server)) is UNKNOWN
    assert said("target.room", facts(server=server, fits={TARGET: None})) is UNKNOWN
    full = hypervisor(TARGET, stock=stock(ram_mb=1))
    assert said("target.room", facts(full, server=server)) is BLOCKS


def test_it_warns_that_a_free_device_of_the_host_cannot_be_seen() -> None:
    server = with_specs(pci_passthrough__alias="a100:1")
    assert said("target.room", facts(server=server, fits={TARGET: True})) is WARNS


def test_it_blocks_a_mixed_guest_where_no_whole_processor_is_free() -> None:
    mixed = with_specs(hw__cpu_policy="mixed", hw__cpu_dedicated_mask="1")
    used_up = hypervisor(TARGET, stock=stock() | {"PCPU": Stock(8, 0, 1.0, 8, 8)})
    given = facts(used_up, server=mixed, fits={TARGET: None})
    assert said("target.room", given) is BLOCKS


def test_it_does_not_know_the_room_for_what_ports_ask_for() -> None:
    wide = replace(port("normal"), requests=True)
    given = facts(ports=(wide,), fits={TARGET: True})
    assert said("target.room", given) is UNKNOWN


def test_it_says_that_placement_does_not_offer_the_last_of_a_rounded_ratio() -> None:
    # of 100 x 1.3 MariaDB offers 129, and takes an allocation of 130
    tight = stock() | {"VCPU": Stock(100, 0, 1.3, 128, 100)}
    given = facts(hypervisor(TARGET, stock=tight))
    found = finding("target.room", replace(given, fits={TARGET: False}))
    assert found is not None
    assert found.severity is BLOCKS
    assert "rounds the allocation ratio" in found.sentence
    assert "traits" not in found.remedy
    assert said("target.room", given) is UNKNOWN
    assert said("target.room", replace(given, fits={TARGET: True})) is OK


@pytest.mark.parametrize(
    ("ratio", "offered"),
    [(1.0, 100), (1.3, 129), (0.9, 89), (4.7, 469), (1.1, 110), (1.5, 150), (16, 1600)],
)
def test_a_ratio_that_a_database_rounds_offers_less(ratio: float, offered: int) -> None:
    assert Stock(100, 0, ratio, 0, 100).surely_free == offered


def test_a_host_without_dedicated_cpus_may_pin_an_instance_as_before_train() -> None:
    pinned = with_specs(hw__cpu_policy="dedicated")
    given = facts(server=pinned, fits={TARGET: False})
    found = finding("target.room", given)
    assert found is not None
    assert found.severity is UNKNOWN
    assert "vcpu_pin_set" in found.sentence
    used_up = hypervisor(TARGET, stock=stock() | {"PCPU": Stock(8, 0, 1.0, 8, 8)})
    full = hypervisor(TARGET, stock=stock(ram_mb=1))
    for host in (used_up, full):
        modern = facts(host, server=pinned, fits={TARGET: False})
        assert said("target.room", modern) is BLOCKS
