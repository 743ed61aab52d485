"""Self-verifying exports of the audit trail: JSON Lines, CSV, and a proof of the CSV.

The chain includes the entries that are not selected: of these only the hash of the
content is exported. docs/audit.md describes every line. Exports are written in batches,
in constant memory.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, QuerySet

from migrations_app.audit import hashing
from migrations_app.audit.chain_check import Bad, Signed
from migrations_app.audit.csv_cells import covered
from migrations_app.audit.verify import content, rows
from migrations_app.models import AuditEntry, AuditHead

Narrow = Callable[[QuerySet[AuditEntry]], QuerySet[AuditEntry]]
BATCH = 500
COLUMNS = (*hashing.FIELDS, "previous", "digest")
FORM, FORM_OF_CSV = 1, 2


@dataclass(frozen=True, slots=True)
class Export:
    """Export with fixed content, although entries are added meanwhile.

    ``signed`` are the lines of the signed digests. Entries after number ``until`` are
    left out.
    """

    narrow: Narrow
    narrowed: bool
    filters: Mapping[str, str]
    at: datetime
    head: tuple[int, int, str]  # count, entry, digest
    start: tuple[int, int, str]
    signed: tuple[dict[str, Any], ...]
    count: int
    until: int


@dataclass(frozen=True, slots=True)
class Span:
    """Number of selected entries, the first, and the last."""

    count: int
    first: int | None
    until: int


def measure(narrow: Narrow, *, until: int | None = None) -> Span:
    """Return the span of the selected entries."""
    last = AuditHead.objects.get(pk=1).entry
    last = last if until is None else min(last, until)
    wanted = narrow(AuditEntry.objects.filter(pk__lte=last))
    found = wanted.order_by().aggregate(count=Count("pk"), first=Min("pk"))
    return Span(found["count"], found["first"], last)


def prepare(
    narrow: Narrow,
    span: Span,
    *,
    filters: Mapping[str, str],
    signed: Sequence[dict[str, Any]],
    now: datetime,
    end: Signed | None = None,
) -> Export:
    """Fix the content of an export.

    It contains the chain from the last signed entry before the first selected one up to
    ``end``, which is the head if not given.
    """
    head = end or AuditHead.objects.get(pk=1)
    if end is not None:  # what was signed meanwhile is of another export
        signed = [line for line in signed if line["count"] <= end.count]
    first = span.first or span.until + 1
    start = (0, 0, hashing.GENESIS)
    for line in signed:
        if start[0] < line["count"] and line["entry"] < first:
            start = (line["count"], line["entry"], line["digest"])
    return Export(
        narrow=narrow,
        narrowed=bool(filters),
        filters=dict(filters),
        at=now,
        head=(head.count, head.entry, head.digest),
        start=start,
        signed=tuple(sorted(signed, key=lambda line: int(line["count"]))),
        count=span.count,
        until=span.until,
    )


def as_csv(export: Export) -> Iterator[str]:
    """Yield the selected entries as CSV, with a column for every hashed field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row, wanted in _walk(export):
        if wanted:
            writer.writerow([_cell(name, row) for name in COLUMNS])
        if text.tell() > 32768:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def as_lines(export: Export, *, of_csv: bool = False) -> Iterator[str]:
    """Yield the export as JSON Lines.

    ``of_csv``: the proof of the CSV, with numbers instead of entries.
    """
    yield _line(
        {
            "export": "novaweb audit trail",
            "form": FORM_OF_CSV if of_csv else FORM,
            "of": "csv" if of_csv else "jsonl",
            "at": hashing.moment(export.at),
            "filters": export.filters,
            "count": export.count,
            "start": _place(export.start),
        }
    )
    count, given = export.start[0], 0
    signed = [line for line in export.signed if line["count"] >= max(count, 1)]
    left_out: list[str] = []
    row: dict[str, Any] = {}
    while signed and signed[0]["count"] == count:
        yield _line({"signature": signed.pop(0)})
    for row, wanted in _walk(export):
        count += 1
        if wanted:
            if left_out:
                yield _gap(left_out, row.get("previous", ""))
                left_out = []
            given += 1
            yield _line({"given": row["id"]} if of_csv else _entry(row))
        else:
            left_out.append(_content(row))
        due = bool(signed and signed[0]["count"] <= count)
        if left_out and (due or len(left_out) >= BATCH):
            yield _gap(left_out, row.get("digest", ""))
            left_out = []
        while signed and signed[0]["count"] <= count:
            yield _line({"signature": signed.pop(0)})
    if left_out:
        yield _gap(left_out, row.get("digest", ""))
    for line in signed:
        yield _line({"signature": line})
    yield _line({"end": {**_place(export.head), "given": given}})


def _walk(export: Export) -> Iterator[tuple[dict[str, Any], bool]]:
    """Yield every entry from start to head, and whether it is selected."""
    batch: list[dict[str, Any]] = []
    for row in rows(export.start[1], export.head[1]):
        batch.append(row)
        if len(batch) >= BATCH:
            yield from _sorted_out(export, batch)
            batch = []
    yield from _sorted_out(export, batch)


def _sorted_out(
    export: Export, batch: list[dict[str, Any]]
) -> Iterator[tuple[dict[str, Any], bool]]:
    if not batch:
        return
    numbers: set[int] | None = None
    if export.narrowed:
        found = AuditEntry.objects.filter(
            pk__gte=batch[0]["id"], pk__lte=batch[-1]["id"]
        )
        numbers = set(export.narrow(found).order_by().values_list("pk", flat=True))
    for row in batch:
        wanted = numbers is None or row["id"] in numbers
        yield row, wanted and row["id"] <= export.until


def _content(row: dict[str, Any]) -> str:
    try:
        return content(row)
    except Bad:
        return hashing.GENESIS  # of nothing: whoever verifies finds it


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    if "unread" in row:
        return {"entry": {"id": row["id"]}, "previous": "", "digest": ""}
    fields = {name: row[name] for name in hashing.FIELDS}
    fields["at"] = hashing.moment(row["at"])
    return {"entry": fields, "previous": row["previous"], "digest": row["digest"]}


def _cell(name: str, row: dict[str, Any]) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if name == "at":
        return hashing.moment(value)
    if name in ("before", "after"):
        value = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return covered(str(value))


def _gap(hashes: list[str], ends: str) -> str:
    return _line({"left_out": hashes, "digest": ends})


def _place(place: tuple[int, int, str]) -> dict[str, Any]:
    return dict(zip(("count", "entry", "digest"), place, strict=True))


def _line(facts: Mapping[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")) + "\n"
