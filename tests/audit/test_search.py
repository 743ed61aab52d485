"""The search of the audit trail: what it finds, and how its pages follow each other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from migrations_app.audit import search, search_sql
from migrations_app.audit.filters import AuditFilter
from migrations_app.audit.search import found, narrowed
from migrations_app.audit.search_sql import Wanted
from migrations_app.models import AuditEntry
from tests import factories
from tests.audit.searched import DAY, ENTRIES, TRAIL, UUID

pytestmark = pytest.mark.django_db


@pytest.fixture
def trail() -> dict[int, str]:
    """Return the names of ENTRIES by the numbers of the entries made of them."""
    return {
        factories.audit_entry(**{"verb": "request.asked", **fields}).pk: name
        for name, fields in ENTRIES.items()
    }


SUBJECTS = ("instance", "host", "actor", "ticket")
CASES: list[tuple[dict[str, Any], list[str]]] = [
    ({}, TRAIL),
    ({"instance": UUID}, ["started", "held"]),
    ({"instance": UUID.upper()}, ["started", "held"]),
    ({"instance": "shop-web"}, ["started", "held"]),
    ({"instance": "shop"}, []),
    ({"host": "compute-8"}, ["started", "held"]),
    ({"host": "compute-7"}, ["started"]),
    ({"host": "compute"}, []),
    ({"actor": "anna"}, ["approved"]),
    ({"actor": "o'neil@example.org"}, ["signed_in"]),
    ({"actor": "Anna"}, []),
    ({"ticket": "CHG/9 'x' \\ \"y\""}, ["held"]),
    ({"ticket": "OPS-42"}, ["asked", "approved", "started"]),
    ({"verb": "run.held"}, ["held"]),
    ({"verb": "run.*"}, ["started", "held"]),
    ({"verb": "request.*"}, ["asked", "approved"]),
    ({"cloud": "pretend"}, ["asked", "approved", "started", "held"]),
    ({"request": 7}, ["asked", "approved", "started"]),
    ({"request": 8}, []),
    ({"since": DAY + timedelta(days=3)}, ["started", "held", "signed_in"]),
    ({"until": DAY + timedelta(hours=1)}, ["asked"]),
    (
        {"since": DAY + timedelta(hours=1), "until": DAY + timedelta(days=4)},
        ["approved", "started", "held"],
    ),
    ({"since": DAY + timedelta(days=30)}, []),
    ({"until": DAY - timedelta(days=30)}, []),
    ({"text": "guest"}, ["held"]),
    ({"text": "GUEST, answer!"}, ["held"]),
    ({"text": "guest agreed"}, []),
    ({"text": "gue"}, []),
    ({"text": "gue*"}, ["held"]),
    ({"text": "müller"}, ["approved"]),
    ({"text": "verschachtelt"}, ["held"]),
    ({"text": "tief 17"}, ["held"]),
    ({"text": "compute-9"}, ["held"]),
    ({"text": "shop-web held"}, ["held"]),
    ({"text": "neil"}, ["signed_in"]),
    ({"text": "…"}, []),
    ({"text": "*"}, []),
    # both ways of a subject, and more than one of them
    ({"host": "compute-8", "verb": "run.held"}, ["held"]),
    ({"host": "compute-8", "verb": "run.*", "text": "answer"}, ["held"]),
    ({"host": "compute-8", "text": "answ*"}, ["held"]),
    ({"host": "compute-8", "actor": "anna"}, []),
    ({"request": 7, "actor": "anna", "text": "go"}, ["approved"]),
    ({"request": 7, "since": DAY + timedelta(minutes=1)}, ["approved", "started"]),
    ({"text": "memory", "until": DAY + timedelta(minutes=1)}, ["asked"]),
    ({"actor": "novaweb", "instance": UUID, "ticket": "OPS-42"}, ["started"]),
]


@pytest.mark.parametrize(("wanted", "names"), CASES, ids=str)
def test_it_finds_what_is_asked_for(
    trail: dict[int, str], wanted: dict[str, Any], names: list[str]
) -> None:
    newest = found(Wanted(**wanted)).entries
    oldest = found(Wanted(**wanted), after=0).entries
    all_of_them = narrowed(AuditEntry.objects.order_by("-pk"), Wanted(**wanted))

    assert [trail[row.pk] for row in newest] == names[::-1]
    assert newest == oldest == list(all_of_them)


@pytest.mark.parametrize(
    "text",
    [
        '"',
        "'",
        '" OR 1=1 --',
        "NEAR(a b)",
        "words : guest",
        "NOT guest AND",
        "(((",
        "\\",
        ":*",
        "!guest & | <->",
        "%s %%",
        "x" * 5000,
        "a " * 5000,
        "\u200b",
        "日本",
        "👩‍🚒",
    ],
    ids=lambda text: text[:20],
)
@pytest.mark.usefixtures("trail")
def test_a_hostile_text_is_only_a_text(text: str) -> None:
    """Whatever a person writes is looked for, and nothing else is done with it."""
    values: dict[str, Any] = dict.fromkeys(SUBJECTS, text)
    for wanted in (
        Wanted(text=text),
        Wanted(text=text, host="compute-8"),
        *(Wanted(**{name: value}) for name, value in values.items()),
        Wanted(host=text, actor=text),
    ):
        entries = found(wanted).entries
        assert entries == list(narrowed(AuditEntry.objects.order_by("-pk"), wanted))
        if wanted.text == "":
            assert entries == []


def test_the_mark_of_another_cannot_be_written_into_a_note(
    trail: dict[int, str],
) -> None:
    """Who is searched for by name is found by their name only."""
    others: list[dict[str, Any]] = [{}, {"text": "a"}, {"verb": "account.*"}]
    for more in others:
        rows = found(Wanted(actor="anna", **more)).entries
        assert "signed_in" not in [trail[row.pk] for row in rows]


# -- pages --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(host="compute-7"),
        Wanted(host="compute-7", actor="rita"),
        Wanted(text="memory"),
        Wanted(text="mem*"),
        Wanted(verb="request.*"),
    ],
    ids=str,
)
def test_pages_follow_each_other_while_entries_are_added(wanted: Wanted) -> None:
    def add(number: int) -> list[int]:
        return [factories.audit_entry(source="compute-7").pk for _ in range(number)]

    numbers = add(10)
    first = found(wanted, most=4)
    more = add(3)
    second = found(wanted, before=first.last, most=4)
    third = found(wanted, before=second.last, most=4)
    back = found(wanted, after=second.first, most=4)
    newest = found(wanted, after=back.first, most=4)

    assert [row.pk for row in first.entries] == numbers[:5:-1]
    assert [row.pk for row in second.entries] == numbers[5:1:-1]
    assert [row.pk for row in third.entries] == numbers[1::-1]
    assert (first.newer, first.older) == (False, True)
    assert (second.newer, second.older) == (True, True)
    assert (third.newer, third.older) == (True, False)
    assert back.entries == first.entries
    assert (back.newer, back.older) == (True, True)
    assert [row.pk for row in newest.entries] == more[::-1]
    assert newest.newer is False


def test_a_page_costs_as_many_queries_as_another() -> None:
    def cost(wanted: Wanted) -> int:
        with CaptureQueriesContext(connection) as captured:
            found(wanted)
        return len(captured)

    for _ in range(3):
        factories.audit_entry()
    wanted = [Wanted(), Wanted(actor="rita"), Wanted(text="memory", host="compute-30")]
    few = [cost(each) for each in wanted]
    for _ in range(60):
        factories.audit_entry()

    assert [cost(each) for each in wanted] <= few


def test_every_block_of_a_long_trail_is_looked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As PostgreSQL does it when next to nothing is read one by one."""
    monkeypatch.setattr(search_sql, "NEWEST", 1)
    for number in range(12):
        factories.audit_entry(source=f"compute-{number % 2}", note=f"Entry {number}.")
    for often, near in ((0, 1), (0, 4), (1000, 1), (1000, 6), (1000, 500)):
        monkeypatch.setattr(search_sql, "OFTEN", often)
        monkeypatch.setattr(search_sql, "NEAR", near)
        wanted = Wanted(host="compute-1", text="entry")
        assert len(found(wanted).entries) == 6
        assert found(wanted).entries == found(wanted, after=0).entries


# -- filters --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request", "seven"),
        ("request", "0"),
        ("request", "-7"),
        ("request", str(2**63)),
        ("since", "yesterday"),
        ("since", "0001-01-01T00:00"),
        ("until", "9999-12-31T23:59"),
        ("verb", "run.flown"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(name: str, value: str) -> None:
    filters = AuditFilter(QueryDict(f"{name}={value}"))

    assert list(filters.form.errors) == [name]


def test_every_filter_reaches_the_search(trail: dict[int, str]) -> None:
    asked = QueryDict(
        "q=guest&instance=shop-web&host=compute-9&actor=novaweb&verb=run.held"
        "&since=2026-05-01T00:00&until=2026-05-30T00:00"
    )
    filters = AuditFilter(asked, queryset=AuditEntry.objects.all())

    assert [trail[row.pk] for row in filters.qs] == ["held"]
    assert filters.wanted == Wanted(
        text="guest",
        instance="shop-web",
        host="compute-9",
        actor="novaweb",
        verb="run.held",
        since=datetime(2026, 5, 1, tzinfo=UTC),
        until=datetime(2026, 5, 30, tzinfo=UTC),
    )


def test_the_search_by_time_bears_a_clock_that_is_set_back() -> None:
    late = factories.audit_entry(at=DAY + timedelta(hours=5))
    early = factories.audit_entry(at=DAY)

    until = found(Wanted(until=DAY + timedelta(hours=1))).entries
    since = found(Wanted(since=DAY + timedelta(hours=1))).entries

    assert (until, since) == ([early], [late])
    assert timedelta(hours=5) < search.SLACK
