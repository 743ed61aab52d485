"""The moves that Nova calls a success although the guest has lost its disks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrations_app.integrations.interfaces import Disk
from migrations_app.preflight.advice import advise
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, Severity
from migrations_app.preflight.rule import (
    BY_NOVA,
    COLD,
    COLDLY,
    LIVE,
    MANUAL,
    PROCEDURES,
)
from tests.preflight.build import (
    FLAVOR,
    INSTANCES,
    SOURCE,
    TARGET,
    WEB,
    by_hand,
    facts,
    finding,
    guest,
    said,
    seen,
    server,
)
from tests.preflight.case import options

OK, WARNS, BLOCKS = Severity.OK, Severity.WARNS, Severity.BLOCKS
UNKNOWN = Severity.UNKNOWN
ELSEWHERE = "/srv/nova"
FROM_VOLUME = server(image=None, volumes=("v-1",))


def found(rule: str, given: Facts, **how: Any) -> Finding:
    told = finding(rule, given, **how)
    assert told is not None
    return told


# instances_path


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_it_moves_nothing_to_a_host_that_keeps_instances_elsewhere(
    procedure: str,
) -> None:
    given = by_hand(target={"instances": ELSEWHERE})
    told = found("hosts.instances_path", given, by=procedure)
    assert told.severity is BLOCKS
    assert INSTANCES in told.sentence and ELSEWHERE in told.sentence


@pytest.mark.parametrize(
    "there", [INSTANCES, f"{INSTANCES}/", "/var/lib//nova/instances", f"/{INSTANCES}"]
)
@pytest.mark.parametrize("procedure", PROCEDURES)
def test_it_is_content_with_one_path_however_it_is_written(
    there: str, procedure: str
) -> None:
    given = by_hand(target={"instances": there})
    assert said("hosts.instances_path", given, by=procedure) is OK


@pytest.mark.parametrize("there", ["", "${state_path}/instances", "$my_own/instances"])
@pytest.mark.parametrize("procedure", PROCEDURES)
def test_a_path_that_could_not_be_made_out_is_neither_the_same_nor_another(
    there: str, procedure: str
) -> None:
    told = found(
        "hosts.instances_path", by_hand(target={"instances": there}), by=procedure
    )
    assert told.severity is UNKNOWN
    assert "instances_path" in told.remedy
    assert SOURCE in told.remedy and TARGET in told.remedy


# images_type = raw


def raw_disk(**settings: str) -> Facts:
    """An instance with a raw disk, and what nova.conf says on the target."""
    disk = replace(guest().disks[0], format="raw", chain=())
    return by_hand(guest(disk), target=options(**settings))


CONVERTS = {"libvirt__images_type": "raw"}


@pytest.mark.parametrize("procedure", COLDLY)
@pytest.mark.parametrize("kind", ["raw", "flat"])
def test_it_moves_no_raw_disk_cold_to_a_host_that_would_convert_it(
    kind: str, procedure: str
) -> None:
    given = raw_disk(libvirt__images_type=kind)
    told = found("disk.raw", given, by=procedure)
    assert told.severity is BLOCKS
    assert "use_cow_images = False" in told.remedy
    assert "live" in told.remedy and "manually" in told.remedy


def test_live_and_by_hand_nothing_is_converted() -> None:
    assert said("disk.raw", raw_disk(**CONVERTS), by=LIVE) is None
    assert said("disk.raw", raw_disk(**CONVERTS), by=MANUAL) is OK


KEEPS_QCOW2 = {"libvirt__images_type": "qcow2"}


@pytest.mark.parametrize("settings", [{}, KEEPS_QCOW2])
def test_it_copies_no_raw_disk_to_where_nova_takes_each_for_qcow2(
    settings: dict[str, str],
) -> None:
    told = found("disk.raw", raw_disk(**settings), by=MANUAL)
    assert told.severity is BLOCKS
    assert "images_type = raw" in told.remedy
    off = raw_disk(DEFAULT__use_cow_images="False")
    assert said("disk.raw", off, by=MANUAL) is OK
    assert said("disk.raw", by_hand(target=options(**settings)), by=MANUAL) is OK


def test_a_raw_disk_that_stays_raw_is_not_started_as_qcow2() -> None:
    given = raw_disk(**KEEPS_QCOW2, DEFAULT__use_cow_images="False")
    told = found("disk.raw", given, by=COLD)
    assert told.severity is BLOCKS
    assert "use_cow_images" in told.remedy


def test_a_raw_disk_is_one_also_where_its_folder_was_not_listed() -> None:
    given = raw_disk(**CONVERTS)
    assert given.survey is not None and given.survey.guest is not None
    guest = replace(given.survey.guest, folder="")
    given = replace(given, survey=replace(given.survey, guest=guest))
    assert said("disk.raw", given, by=COLD) is BLOCKS


@pytest.mark.parametrize("procedure", [COLD, MANUAL])
def test_a_target_whose_configuration_was_not_read_is_not_taken_for_the_default(
    procedure: str,
) -> None:
    given = raw_disk()
    survey = given.survey
    assert survey is not None and survey.target is not None
    unread = replace(survey.target, settings={}, instances="")
    given = replace(given, survey=replace(survey, target=unread))
    assert said("disk.raw", given, by=procedure) is UNKNOWN


@pytest.mark.parametrize(
    "settings",
    [
        {"libvirt__images_type": "raw", "DEFAULT__use_cow_images": "False"},
        {"libvirt__images_type": "qcow2"},
        {"DEFAULT__use_cow_images": "true"},
        {},
    ],
)
def test_it_is_content_with_a_target_that_starts_what_it_makes(
    settings: dict[str, str],
) -> None:
    assert said("disk.raw", raw_disk(**settings), by=COLD) is OK


def test_the_settings_of_the_source_do_not_count() -> None:
    given = raw_disk()
    assert given.survey is not None
    raw = {"libvirt.images_type": "raw"}
    source = replace(given.survey.source, settings=raw)
    given = replace(given, survey=replace(given.survey, source=source))
    assert said("disk.raw", given, by=COLD) is OK


def test_only_raw_disks_of_the_instance_itself_are_converted() -> None:
    assert said("disk.raw", seen(target=options(**CONVERTS)), by=COLD) is OK
    drive = Disk(f"{INSTANCES}/{WEB}/disk.config", "hda", "cdrom", "file", "raw")
    volume = Disk("/mnt/nfs/volume-1", "vdb", "disk", "file", "raw")
    given = seen(guest(guest().disks[0], drive, volume), target=options(**CONVERTS))
    assert said("disk.raw", given, by=COLD) is OK


@pytest.mark.parametrize(
    "settings",
    [
        {"libvirt__images_type": "$my_own"},
        {"libvirt__images_type": "$my_own", "DEFAULT__use_cow_images": "False"},
        {"libvirt__images_type": "raw", "DEFAULT__use_cow_images": "$my_own"},
    ],
)
def test_settings_that_could_not_be_made_out_are_unknown(
    settings: dict[str, str],
) -> None:
    told = found("disk.raw", raw_disk(**settings), by=COLD)
    assert told.severity is UNKNOWN
    assert "use_cow_images" in told.remedy and TARGET in told.remedy


def test_without_a_domain_the_format_of_its_disks_is_unknown() -> None:
    given = raw_disk(**CONVERTS)
    assert given.survey is not None
    given = replace(given, survey=replace(given.survey, guest=None))
    assert said("disk.raw", given, by=COLD) is UNKNOWN


def test_it_speaks_of_no_instance_without_a_local_disk() -> None:
    assert said("disk.raw", facts(server=FROM_VOLUME), by=COLD) is None


# where nobody looked

SCRATCH = server(flavor=replace(FLAVOR, ephemeral_gb=5))
UNSEEN = [
    *(("hosts.instances_path", by, "[DEFAULT]instances_path") for by in BY_NOVA),
    *(("disk.ephemeral", by, "_base") for by in BY_NOVA),
    *(("disk.raw", by, "[DEFAULT]use_cow_images") for by in COLDLY),
]


@pytest.mark.parametrize(("rule", "procedure", "where"), UNSEEN)
def test_where_it_may_not_enter_the_hosts_it_warns_and_says_where_to_look(
    rule: str, procedure: str, where: str
) -> None:
    told = found(rule, facts(server=SCRATCH), by=procedure)
    assert told.severity is WARNS
    assert where in told.remedy
    assert TARGET in told.remedy
    assert "Choose one target" not in told.remedy


@pytest.mark.parametrize(("rule", "procedure", "where"), UNSEEN)
def test_of_a_host_that_the_scheduler_chooses_it_warns(
    rule: str, procedure: str, where: str
) -> None:
    given = facts(server=SCRATCH, entered=True)
    told = found(rule, given, to=None, by=procedure)
    assert told.severity is WARNS
    assert where in told.remedy
    assert "scheduler" in told.remedy
    assert "Choose one target" in told.remedy


@pytest.mark.parametrize(("rule", "procedure", "where"), UNSEEN)
def test_what_a_silent_host_did_not_say_is_unknown(
    rule: str, procedure: str, where: str
) -> None:
    given = seen(server=SCRATCH, unread={TARGET: "It is silent."})
    told = found(rule, given, by=procedure)
    assert told.severity is UNKNOWN
    assert where in told.remedy
    assert told.evidence["why"] == {TARGET: "It is silent."}


def test_swap_alone_is_reason_enough_to_warn() -> None:
    swap = server(flavor=replace(FLAVOR, swap_mb=64))
    assert said("disk.ephemeral", facts(server=swap)) is WARNS


# what is advised instead


@pytest.mark.parametrize(
    ("given", "advised"),
    [
        (by_hand(target={"instances": ELSEWHERE}), None),
        (raw_disk(**CONVERTS), LIVE),
    ],
)
def test_a_way_that_loses_disks_is_never_advised(
    given: Facts, advised: str | None
) -> None:
    best = advise(given, targets=[TARGET]).recommended
    assert (best and best.procedure) == advised
