"""Search of the audit trail: one page of matches, however long the trail is.

Entries are ordered by number, which is the order of writing. A page starts before or
after a number, so that its address stays valid while entries are added, and nothing is
counted or skipped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import BooleanField, Q, QuerySet
from django.db.models.expressions import RawSQL

from migrations_app.audit import search_index, search_sql
from migrations_app.audit.recorder import VERBS
from migrations_app.audit.search_index import TABLE, Mark, Query
from migrations_app.audit.search_sql import Stretch, Wanted
from migrations_app.models import AuditEntry

PER_PAGE = 40
LONGEST = 255  # of the columns that marks are made of
# Times are taken before an entry has its number, and clocks are set back: by no more
# than this, or a search by time misses entries.
SLACK = timedelta(days=1)
FAMILY = ".*"


@dataclass(frozen=True, slots=True)
class Page:
    """Matching entries, newest first, and whether newer and older matches exist."""

    entries: list[AuditEntry]
    newer: bool
    older: bool

    @property
    def first(self) -> int:
        """The number of the newest entry of the page; 0: there is none."""
        return self.entries[0].pk if self.entries else 0

    @property
    def last(self) -> int:
        """The number of the oldest entry of the page; 0: there is none."""
        return self.entries[-1].pk if self.entries else 0


@dataclass(frozen=True, slots=True)
class _Subject:
    """One subject of entries: by marks, and by each indexed column.

    A host, for example, is a source or a target.
    """

    ways: list[Q]
    marks: list[Mark]


def _subjects(wanted: Wanted) -> Iterator[_Subject]:
    if value := wanted.instance:
        uuid = value.lower()
        yield _Subject(
            [Q(instance=uuid), Q(instance_name=value)],
            [Mark("i", uuid), Mark("n", value)],
        )
    if value := wanted.host:
        yield _Subject([Q(source=value), Q(target=value)], [Mark("h", value)])
    if value := wanted.verb:
        if value.endswith(FAMILY):
            family = value.removesuffix(FAMILY)
            known = [verb for verb in VERBS if verb.startswith(f"{family}.")]
            yield _Subject([Q(verb=verb) for verb in known], [Mark("f", family)])
        else:
            yield _Subject([Q(verb=value)], [Mark("v", value)])
    for letter, name, value in (
        ("a", "actor_name", wanted.actor),
        ("t", "ticket", wanted.ticket),
    ):
        if value:
            yield _Subject([Q(**{name: value})], [Mark(letter, value)])
    if wanted.cloud:
        # few clouds: no index of its own
        yield _Subject([], [Mark("c", wanted.cloud)])
    if wanted.request is not None:
        number = wanted.request
        yield _Subject([Q(request_number=number)], [Mark("r", str(number))])


def query(wanted: Wanted) -> Query:
    """Return the query of the word index, without times."""
    marks = [subject.marks for subject in _subjects(wanted)]
    return Query(search_index.words(wanted.text), marks)


def finds_nothing(wanted: Wanted) -> bool:
    """Return whether nothing can match: a text without a word, or a too long value."""
    if wanted.text.strip() and not search_index.words(wanted.text):
        return True
    marks = [mark for subject in _subjects(wanted) for mark in subject.marks]
    return any(len(mark.value) > LONGEST for mark in marks)


def narrowed(rows: QuerySet[AuditEntry], wanted: Wanted) -> QuerySet[AuditEntry]:
    """Return the matching rows, unordered, for counts and exports."""
    if finds_nothing(wanted):
        return rows.none()
    asked = query(wanted)
    rows = _in_time(rows, wanted)
    if not asked:
        return rows
    if connection.vendor == "sqlite":
        sql = (
            f"{TABLE}.id IN (SELECT rowid FROM {search_index.SQLITE_TABLE}"  # noqa: S608
            f" WHERE {search_index.SQLITE_TABLE} MATCH %s)"
        )
        return rows.filter(RawSQL(sql, [asked.sqlite], BooleanField()))  # noqa: S611
    right, given = asked.postgresql
    return rows.filter(
        RawSQL(f"{TABLE}.words @@ {right}", given, BooleanField())  # noqa: S611
    )


def found(
    wanted: Wanted,
    *,
    before: int | None = None,
    after: int | None = None,
    most: int = PER_PAGE,
) -> Page:
    """Return a page of matching entries.

    The newest ones; those older than number ``before``; or those that follow number
    ``after`` (0 for the oldest).
    """
    rising = after is not None
    numbers = _numbers(wanted, before=before, after=after, most=most + 1)
    more, numbers = len(numbers) > most, numbers[:most]
    rows = AuditEntry.objects.in_bulk(numbers)
    entries = [rows[number] for number in sorted(rows, reverse=True)]
    if rising:
        return Page(entries, newer=more, older=bool(after))
    return Page(entries, newer=before is not None, older=more)


def _numbers(
    wanted: Wanted, *, before: int | None, after: int | None, most: int
) -> list[int]:
    """Return the numbers of the next ``most`` matches, nearest to the page first."""
    if finds_nothing(wanted):
        return []
    stretch = _stretch(wanted, before=before, after=after)
    if not stretch:
        return []
    asked = query(wanted)
    subjects = list(_subjects(wanted))
    within = AuditEntry.objects.filter(pk__gte=stretch.low, pk__lte=stretch.high)
    way = "pk" if stretch.rising else "-pk"
    rows = _in_time(within, wanted).order_by(way).values_list("pk", flat=True)
    if not asked:
        return list(rows[:most])
    if connection.vendor == "sqlite":
        return search_sql.on_sqlite(wanted, asked, stretch, most)
    along = next((subject.ways for subject in subjects if subject.ways), [])
    if not along:
        return search_sql.on_postgresql(wanted, asked, stretch, most)
    if len(subjects) == 1 and not asked.words:
        return list(_either(rows, along, way, most))
    near = _either(rows, along, way, search_sql.NEAR)
    numbers, rest = search_sql.among(near, asked, stretch)
    if not rest or len(numbers) >= most:
        return numbers[:most]
    left = most - len(numbers)
    return numbers + search_sql.on_postgresql(wanted, asked, rest, left)


def _either(
    rows: QuerySet[AuditEntry, int], ways: list[Q], way: str, most: int
) -> QuerySet[AuditEntry, int]:
    """Return the union of the first numbers matched by each indexed condition."""
    each = [rows.filter(one)[:most] for one in ways]
    if len(each) == 1:
        return each[0]
    return each[0].union(*each[1:]).order_by(way)[:most]


def _in_time(rows: QuerySet[AuditEntry], wanted: Wanted) -> QuerySet[AuditEntry]:
    if wanted.since is not None:
        rows = rows.filter(at__gte=wanted.since)
    if wanted.until is not None:
        rows = rows.filter(at__lt=wanted.until)
    return rows


def _stretch(wanted: Wanted, *, before: int | None, after: int | None) -> Stretch:
    """Return the numbers that can match, from the page on; it may be empty."""
    rows = AuditEntry.objects.values_list("pk", flat=True)
    high = before - 1 if before else rows.order_by("-pk").first() or 0
    low = (after or 0) + 1
    # what was written before an entry that is surely too early is too early as well
    if wanted.since is not None:
        early = rows.filter(at__lt=wanted.since - SLACK)
        low = max(low, (early.order_by("-at", "-pk").first() or 0) + 1)
    if wanted.until is not None:
        late = rows.filter(at__gte=wanted.until + SLACK)
        if (first := late.order_by("at", "pk").first()) is not None:
            high = min(high, first - 1)
    return Stretch(low, high, rising=after is not None)
