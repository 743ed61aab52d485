"""The bytes of a run's log file: proofs of years ago must still be true of them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from django.test import Client

from migrations_app.models import Line, Removal, Run
from migrations_app.requests.evidence import open_evidence
from migrations_app.runs import queries as run_queries
from migrations_app.runs import retention
from migrations_app.runs.log_export import log_bytes, log_proof, log_sha256, log_text
from tests import factories

KOLKATA = timezone(timedelta(hours=5, minutes=30))
LOG = (
    (
        1,
        datetime(2026, 3, 1, 11, 59, 59, 999999, tzinfo=UTC),
        "Asked Nova to migrate web-1 live to compute-31.",
    ),
    (
        2,
        datetime(2026, 3, 1, 17, 30, tzinfo=KOLKATA),
        "A time of another zone is written as UTC.",
    ),
    (3, datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC), ""),
    (4, datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC), "  Blanks stay, at both ends.  "),
    (
        5,
        datetime(2026, 3, 1, 12, 0, 2, tzinfo=UTC),
        "Two lines\nin one, and\ta tab; “quotes”, ±, €, 移行, 🖥.",
    ),
    (
        99999,
        datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC),
        "The widest number that is padded.",
    ),
    (
        100000,
        datetime(2027, 1, 1, tzinfo=UTC),
        "A wider one moves the text, and is not cut.",
    ),
)
# As novaweb has written it since its trail holds such hashes. Never to be renewed.
BYTES = "".join(
    (
        "    1 2026-03-01T11:59:59Z Asked Nova to migrate web-1 live to compute-31.\n",
        "    2 2026-03-01T12:00:00Z A time of another zone is written as UTC.\n",
        "    3 2026-03-01T12:00:01Z \n",
        "    4 2026-03-01T12:00:01Z   Blanks stay, at both ends.  \n",
        "    5 2026-03-01T12:00:02Z Two lines\n",
        "in one, and\ta tab; “quotes”, ±, €, 移行, 🖥.\n",
        "99999 2026-12-31T23:59:59Z The widest number that is padded.\n",
        "100000 2027-01-01T00:00:00Z A wider one moves the text, and is not cut.\n",
    )
).encode()
SHA256 = "0a78ba034ed34d5c986996546137545d74bd5371584e35a927f05e63d991e8fa"


def lines(run: Run | None = None) -> list[Line]:
    return [Line(run=run, number=n, at=at, text=text) for n, at, text in LOG]


@pytest.fixture
def run() -> Run:
    """A run that is over, with that log."""
    made = factories.run(state="completed")
    Line.objects.filter(run=made).delete()
    Line.objects.bulk_create(reversed(lines(made)))
    Run.objects.filter(pk=made.pk).update(last_number=LOG[-1][0])
    made.refresh_from_db()
    return made


def test_the_bytes_are_those_of_old() -> None:
    assert b"".join(log_bytes(lines())) == BYTES
    assert "".join(log_text(lines())).encode() == BYTES
    assert log_sha256(lines()) == hashlib.sha256(BYTES).hexdigest() == SHA256


def test_half_a_character_has_a_hash_too() -> None:
    broken = Line(number=1, at=LOG[0][1], text="\udc80")
    assert b"".join(log_bytes([broken])).endswith(b" \xed\xb2\x80\n")
    assert len(log_sha256([broken])) == 64


def test_a_log_without_a_line_has_the_hash_of_nothing() -> None:
    assert log_sha256([]) == hashlib.sha256(b"").hexdigest()


@pytest.mark.django_db
def test_everybody_who_shows_or_proves_a_log_has_these_bytes(run: Run) -> None:
    person = factories.person("aude", "auditor")
    client = Client()
    client.force_login(person)

    assert log_proof(run.pk) == {"log_sha256": SHA256, "log_lines": len(LOG)}
    assert client.get(f"/runs/{run.pk}/log.txt").getvalue() == BYTES
    assert open_evidence(run.request, by=person).log_sha256 == SHA256


@pytest.mark.django_db
def test_what_is_said_of_a_removed_log_is_the_hash_of_these_bytes(run: Run) -> None:
    retention._remove(run, run_queries.LOG, Line.objects.filter(run=run), log_sha256)

    assert Removal.objects.get(run=run).sha256 == SHA256
