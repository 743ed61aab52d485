"""The move by hand on real hypervisors, in trouble: it goes back, or is held.

Tried on a guest that is off, for which nothing has to boot.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from migrations_app.errors import Unfit
from migrations_app.runs import actions as run_actions
from tests.processes.field import (
    FOLDER,
    SLOW,
    Field,
    expect_completed,
    field,
    hypervisors,
    off,
    place,
)
from tests.processes.hypervisors import Hypervisors
from tests.processes.site import over, person, run_of, until

__all__ = ["field", "hypervisors", "off", "place"]
pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]


def test_it_goes_back_when_somebody_starts_the_guest_in_mid_copy(
    hypervisors: Hypervisors, off: str, field: Callable[[str], Field]
) -> None:
    it = field(off)
    source = it.host
    it.site.work()
    request = it.move(it.elsewhere, bandwidth=SLOW)
    it.during(request, "copy_rest")
    it.place.cloud.start(off)
    request = over(request)
    assert request.state == "rolled_back"
    assert "somebody started it" in request.why
    cloud = it.place.cloud
    until(lambda: cloud.server(off).status == "ACTIVE", "it to run")
    it.expect_there(source, request, "ACTIVE", aside="")
    cloud.stop(off)
    until(lambda: cloud.server(off).status == "SHUTOFF", "it to be off")


def test_it_carries_its_base_image_along_where_the_target_has_another(
    hypervisors: Hypervisors, off: str, field: Callable[[str], Field]
) -> None:
    it = field(off)
    # a host that no other test has guests on, which stand on the right one
    source, target = it.host, hypervisors.names[2]
    base = it.base
    hypervisors.make_folder_of_bases(target)
    # what other guests have open stays theirs
    hypervisors.run(
        target, f"test ! -e {base} || mv {base} {base}.kept; echo other >{base}"
    )
    try:
        it.site.work()
        request = it.move(target)
        expect_completed(request)
        it.expect_there(target, request, "SHUTOFF", aside=source)
        assert it.base == f"{base}-{request.token}"
        assert hypervisors.run(target, f"cat {base}").strip() == "other"
    finally:
        hypervisors.run(
            target, f"rm {base}; test ! -e {base}.kept || mv {base}.kept {base}"
        )


def test_a_full_disk_on_the_target_sends_it_back(
    hypervisors: Hypervisors, off: str, field: Callable[[str], Field]
) -> None:
    it = field(off)
    source, target = it.host, it.elsewhere
    request = it.move(target)
    small = f"{FOLDER}/{off}.novaweb-{request.token}"
    hypervisors.run(target, f"mkdir {small}; mount -t tmpfs -o size=64k none {small}")
    mounted = True
    try:
        it.site.work()
        run = run_of(request)
        until(
            lambda: run.lines.filter(text__contains="could not be written").exists(),
            "the disk to be full",
        )
        hypervisors.run(target, f"umount -l {small}")
        mounted = False
        request = over(request)
        if request.state == "held":  # it could not be removed while it was mounted
            run.refresh_from_db()
            run_actions.go_back(run.pk, by=person("operator"))
            request.refresh_from_db()
            request = over(request)
        assert request.state == "rolled_back"
        assert "No space left on device" in request.why
        it.expect_there(source, request, "SHUTOFF", aside="")
    finally:
        if mounted:
            hypervisors.run(target, f"umount -l {small}")


def test_it_is_held_when_the_database_turns_it_away_and_goes_on_afterwards(
    hypervisors: Hypervisors, off: str, field: Callable[[str], Field], tmp_path: Path
) -> None:
    it = field(off)
    source, target = it.host, it.elsewhere
    it.site.work()
    request = it.move(target, bandwidth=SLOW)
    options = tmp_path / "nova-db.cnf"
    right = options.read_text()
    run = it.during(request, "copy_rest")
    options.write_text(re.sub(r"(?m)^password\b.*", "password = another", right))
    request = over(request)
    assert request.state == "held", request.why
    assert "nova-db.cnf" in request.why
    options.write_text(right)
    run_actions.look_again(run.pk, by=person("operator"))
    request.refresh_from_db()
    expect_completed(request)
    it.expect_there(target, request, "SHUTOFF", aside=source)


def test_a_folder_that_is_there_already_forbids_the_move(
    hypervisors: Hypervisors, off: str, field: Callable[[str], Field]
) -> None:
    it = field(off)
    target = it.elsewhere
    hypervisors.run(target, f"mkdir {FOLDER}/{off}")
    try:
        with pytest.raises(Unfit) as refused:
            it.move(target)
        assert target in refused.value.sentence
    finally:
        hypervisors.run(target, f"rmdir {FOLDER}/{off}")
