"""Whatever is done to the trail behind novaweb's back is found, here and outside.

Somebody who can do all in the database (the triggers are lifted) changes it. They have
neither the key nor the file of signed digests. Then ``verify_audit`` looks, and so does
the stand-alone verifier at an export made afterwards.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from migrations_app.audit import export as audit_export
from migrations_app.audit import hashing
from migrations_app.audit.signed_file import places
from migrations_app.audit.triggers import ENTRIES, HEAD
from migrations_app.audit.verify import Verdict, verify_segment
from migrations_app.audit.verify import verify_all as verify_chain
from migrations_app.models import AuditEntry, AuditHead
from tests.audit.trail import WAYS, exported, keys, signatures, stand_alone, trail
from tests.emptied_database import lifted

__all__ = ["keys", "trail"]
pytestmark = pytest.mark.django_db(transaction=True)


def sql(*statements: str) -> None:
    with lifted(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def rechain(since: int) -> None:
    """Make all digests anew from that entry on, and the head as well."""
    before = AuditEntry.objects.filter(pk__lt=since).order_by("-pk").first()
    previous = before.digest if before else hashing.GENESIS
    with lifted():
        last = None
        for last in AuditEntry.objects.filter(pk__gte=since).order_by("pk"):
            found = hashing.digest(previous, hashing.content(hashing.fields_of(last)))
            AuditEntry.objects.filter(pk=last.pk).update(
                previous=previous, digest=found
            )
            previous = found
        count, entry = AuditEntry.objects.count(), last.pk if last else since - 1
        AuditHead.objects.update(count=count, entry=entry, digest=previous)


def change(number: int) -> None:
    sql(f"UPDATE {ENTRIES} SET note = 'nothing' WHERE id = {number}")  # noqa: S608


def change_and_rehash() -> None:
    change(5)
    entry = AuditEntry.objects.get(pk=5)
    own = hashing.digest(entry.previous, hashing.content(hashing.fields_of(entry)))
    sql(f"UPDATE {ENTRIES} SET digest = '{own}' WHERE id = 5")  # noqa: S608


def delete() -> None:
    sql(f"DELETE FROM {ENTRIES} WHERE id = 5")  # noqa: S608


def cut() -> None:
    sql(f"DELETE FROM {ENTRIES} WHERE id > 9")  # noqa: S608


def cut_with_the_head() -> None:
    cut()
    digest = AuditEntry.objects.get(pk=9).digest
    sql(f"UPDATE {HEAD} SET count = 9, entry = 9, digest = '{digest}'")  # noqa: S608


def write_anew() -> None:
    change(9)
    rechain(9)


def swap() -> None:
    """Two entries trade places: all but their numbers."""
    sql(
        f"UPDATE {ENTRIES} SET id = 1000 WHERE id = 4",  # noqa: S608
        f"UPDATE {ENTRIES} SET id = 4 WHERE id = 5",  # noqa: S608
        f"UPDATE {ENTRIES} SET id = 5 WHERE id = 1000",  # noqa: S608
    )


def break_the_facts() -> None:
    if connection.vendor == "postgresql":
        sql(f"UPDATE {ENTRIES} SET after = '[]' WHERE id = 5")  # noqa: S608
        return
    sql(
        "PRAGMA ignore_check_constraints = ON",
        f"UPDATE {ENTRIES} SET after = '{{' WHERE id = 5",  # noqa: S608
        "PRAGMA ignore_check_constraints = OFF",
    )


def add_behind_the_head() -> None:
    entry = AuditEntry.objects.get(pk=5)
    entry.pk = 99
    with lifted():
        entry.save(force_insert=True)


# What is done, what it is called and which entry is named as the first bad one: by the
# live verification, and by the stand-alone verifier of an export made afterwards.
DEEDS: list[tuple[Callable[[], None], tuple[str, int], tuple[str, int]]] = [
    (lambda: change(5), ("changed", 5), ("changed", 5)),
    (lambda: change(1), ("changed", 1), ("changed", 1)),
    (lambda: change(14), ("changed", 14), ("changed", 14)),
    (change_and_rehash, ("changed", 5), ("changed", 5)),
    (delete, ("missing", 5), ("missing", 5)),
    (cut, ("cut", 10), ("cut", 10)),
    (cut_with_the_head, ("cut", 10), ("cut", 10)),
    (write_anew, ("rewritten", 8), ("rewritten", 8)),
    (swap, ("changed", 4), ("changed", 4)),
    (break_the_facts, ("changed", 5), ("changed", 5)),
]
NAMES = [
    *("changed row", "changed first", "changed last", "changed and rehashed"),
    *("deleted row", "cut tail", "cut tail and head", "chain written anew"),
    *("swapped rows", "broken facts"),
]


def verify_all() -> Verdict:
    return verify_chain(places(signatures()))


def requests_only(rows: Any) -> Any:
    return rows.filter(verb="request.asked")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("narrow", [None, requests_only], ids=["all", "some"])
def test_a_trail_as_it_was_written_is_verified(
    trail: Path, way: str, narrow: audit_export.Narrow | None
) -> None:
    verdict = verify_all()
    assert (verdict.good, verdict.count) == (True, 14)
    assert verdict.proven is not None and verdict.proven.entry == 14
    assert verify_segment(range(1, 15)).good
    made = exported(trail, narrow=narrow)
    assert made.count == (6 if narrow else 14)
    status, said = stand_alone(trail, *WAYS[way])
    assert status == 0, said
    assert f"{made.count} entries are as they were written" in said
    assert "up to entry 14" in said


@pytest.mark.parametrize("deed, here, outside", DEEDS, ids=NAMES)
def test_it_is_found(
    trail: Path,
    deed: Callable[[], None],
    here: tuple[str, int],
    outside: tuple[str, int],
) -> None:
    deed()
    verdict = verify_all()
    assert verdict.bad is not None
    assert (verdict.bad.kind, verdict.bad.entry) == here
    said = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("verify_audit", stdout=said)
    assert end.value.code == 1
    assert f"First bad entry: {here[1]}\n" in said.getvalue()
    exported(trail)
    for way in WAYS.values():
        status, told = stand_alone(trail, *way)
        assert status == 1, told
        assert f"NOT VERIFIED ({outside[0]})" in told
        assert f"First bad entry: {outside[1]}\n" in told


@pytest.mark.parametrize("deed, here, outside", DEEDS[:3], ids=NAMES[:3])
def test_what_is_left_out_of_an_export_is_proven_too(
    trail: Path, deed: Callable[[], None], here: Any, outside: Any
) -> None:
    deed()
    exported(trail, narrow=lambda rows: rows.exclude(pk=here[1]))
    status, said = stand_alone(trail, *WAYS["jsonl"])
    assert status == 1, said


def test_an_entry_behind_the_head_is_found(trail: Path) -> None:
    add_behind_the_head()
    verdict = verify_all()
    assert verdict.bad is not None
    assert (verdict.bad.kind, verdict.bad.entry) == ("order", 15)


@pytest.mark.parametrize("deed, here, outside", DEEDS[:5], ids=NAMES[:5])
def test_the_page_that_shows_it_says_so(
    trail: Path, deed: Callable[[], None], here: tuple[str, int], outside: Any
) -> None:
    deed()
    verdict = verify_segment([here[1]])
    assert verdict.bad is not None
    assert (verdict.bad.kind, verdict.bad.entry) == here
