"""What was verified before is verified again: an old entry, too, may be changed."""

from __future__ import annotations

# ruff: noqa: S608 - the names in these statements are our own
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from migrations_app.audit import watch
from migrations_app.audit.triggers import ENTRIES, HEAD
from migrations_app.models import AuditEntry
from tests.audit.test_tampering import rechain, sql
from tests.audit.trail import keys, write

__all__ = ["keys"]
pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    """When the test begins."""
    return timezone.now()


@pytest.mark.parametrize("number", [1, 3, 4])
def test_what_was_verified_before_is_verified_again_in_turn(
    keys: Path, monkeypatch: pytest.MonkeyPatch, now: datetime, number: int
) -> None:
    """Changed without new digests: all that is new still follows from it."""
    monkeypatch.setattr(watch, "AGAIN", 2)
    write(4)
    watch.tend(now)
    hours = [now + HOUR * hour for hour in range(1, 4)]
    assert [watch.look(each) for each in hours] == [""] * 3
    sql(f"UPDATE {ENTRIES} SET note = 'nothing' WHERE id = {number}")
    found = [watch.look(each) for each in hours]
    said = f"Entry {number} was changed after it was written."
    # whichever hour it was found in, the next ones do not take that back
    assert said in found
    assert set(found[found.index(said) :]) == {said}


def test_a_head_that_names_what_was_there_hides_no_last_entry(
    keys: Path, now: datetime
) -> None:
    """Rewritten with new digests, while the head still has the one that was signed."""
    write(4)
    watch.tend(now)
    digest = AuditEntry.objects.get(pk=4).digest
    sql(f"UPDATE {ENTRIES} SET note = 'nothing' WHERE id = 4")
    rechain(4)
    sql(f"UPDATE {HEAD} SET digest = '{digest}'")
    assert "the head names another entry" in watch.look(now + HOUR)
    write(1)
    assert "entry 5 follows another entry" in watch.look(now + 2 * HOUR)
