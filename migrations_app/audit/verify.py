"""Verifies the audit trail, as a whole or in part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from migrations_app.audit import hashing
from migrations_app.audit.chain_check import Bad, Follower, Signed
from migrations_app.models import AuditEntry, AuditHead

# So many rows are read at once; memory and a page's patience are bounded by it.
BATCH = 1000
_COLUMNS = (*hashing.FIELDS, "previous", "digest")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of a verification. ``bad`` is the first fault; None if there is none.

    ``count`` entries were verified; ``proven`` is the last matching signature, and
    ``reached`` where the chain ended.
    """

    count: int
    bad: Bad | None = None
    proven: Signed | None = None
    reached: Signed | None = None

    @property
    def good(self) -> bool:
        """Whether everything verified is in order."""
        return self.bad is None


def rows(after: int, until: int, *, batch: int = BATCH) -> Iterator[dict[str, Any]]:
    """Yield entries as plain values, by number, ``batch`` at a time.

    An unreadable entry (invalid JSON) has ``unread`` instead of fields.
    """
    entries = AuditEntry.objects.order_by("pk").values(*_COLUMNS)
    while after < until:
        wanted = entries.filter(pk__gt=after, pk__lte=until)
        try:
            found = list(wanted[:batch])
        except ValueError:
            found = _one_by_one(after, until, batch)
        if not found:
            return
        yield from found
        after = found[-1]["id"]


def _one_by_one(after: int, until: int, most: int) -> list[dict[str, Any]]:
    found = AuditEntry.objects.filter(pk__gt=after, pk__lte=until).order_by("pk")
    entries: list[dict[str, Any]] = []
    for number in found.values_list("pk", flat=True)[:most]:
        try:
            entries += AuditEntry.objects.filter(pk=number).values(*_COLUMNS)
        except ValueError:
            entries.append({"id": number, "unread": True})
    return entries


def content(row: dict[str, Any]) -> str:
    """Return the content hash of a row of ``rows``. Raises Bad if it was unreadable."""
    if "unread" in row:
        raise Bad(
            "changed",
            row["id"],
            (
                f"Entry {row['id']} was changed after it was written: its facts"
                " cannot be read."
            ),
        )
    return hashing.content({**row, "at": hashing.moment(row["at"])})


def verify_all(
    signed: Sequence[Signed] = (),
    *,
    tell: Callable[[int, int], None] | None = None,
) -> Verdict:
    """Verify the whole chain up to its head and those signatures, in constant memory.

    ``tell`` is called from time to time with the numbers of verified and all entries.
    """
    follower = Follower()
    try:
        follower = Follower(signed)
        follow_to_head(follower, tell=tell)
    except Bad as bad:
        return Verdict(follower.count, bad, follower.proven)
    return Verdict(follower.count, None, follower.proven, follower.reached)


def follow_to_head(
    follower: Follower, *, tell: Callable[[int, int], None] | None = None
) -> AuditHead:
    """Verify the entries from where the follower stands up to the head; return that.

    Raises Bad.
    """
    head = AuditHead.objects.filter(pk=1).first()
    if head is None:
        raise Bad("cut", 1, "The head of the audit trail is gone.")
    if head.count < follower.count:
        raise Bad(
            "cut",
            head.entry + 1,
            f"The trail ends at entry {head.entry}, but entry {follower.entry} was"
            " verified before: entries up to there are missing.",
        )
    for row in rows(follower.entry, head.entry):
        hashed = content(row)
        follower.follow(row["id"], row["previous"], row["digest"], hashed)
        if tell and follower.count % (20 * BATCH) == 0:
            tell(follower.count, head.count)
    follower.end(count=head.count, entry=head.entry, digest=head.digest)
    _nothing_behind_the_head()
    return head


def verify_again(after: int, until: int) -> None:
    """Verify the entries in between, and their links to those around them.

    Raises Bad. What it takes for the beginning was verified another time.
    """
    before = _neighbour(after + 1, "lt")
    follower = Follower()
    if before is not None:
        follower = Follower(count=1, entry=before["id"], digest=before["digest"])
    for row in rows(after, until):
        hashed = content(row)
        follower.follow(row["id"], row["previous"], row["digest"], hashed)
    behind = _neighbour(max(until, follower.entry), "gt")
    head = AuditHead.objects.get(pk=1)  # read last: it only moves on
    if behind is None and head.entry > follower.entry:
        behind = _neighbour(follower.entry, "gt")
    _require_followed(follower.entry, follower.digest, behind, head)


def _require_followed(
    entry: int, digest: str, behind: dict[str, Any] | None, head: AuditHead
) -> None:
    if (behind["previous"] if behind else head.digest) != digest:
        follows = f"entry {behind['id']} follows" if behind else "the head names"
        raise Bad(
            "changed", entry, f"Entry {entry} was rewritten: {follows} another entry."
        )


def _nothing_behind_the_head() -> None:
    newest = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    head = AuditHead.objects.get(pk=1)  # read last: it only moves on
    if newest is not None and newest > head.entry:
        raise Bad(
            "order",
            head.entry + 1,
            f"Behind the head, which is entry {head.entry}, stands entry {newest}.",
        )


def verify_segment(numbers: Sequence[int]) -> Verdict:
    """Verify these entries, and their links to the neighbours.

    Three queries, whatever the range; entries that do not exist are missing.
    """
    wanted = sorted(set(numbers))
    if not wanted:
        return Verdict(0)
    around = {n + step for n in wanted for step in (-1, 0, 1)}
    found: dict[int, dict[str, Any]] = {}
    try:
        links = AuditEntry.objects.filter(pk__in=around - set(wanted))
        links_of = {
            row["id"]: dict(row) for row in links.values("id", "previous", "digest")
        }
        entries = AuditEntry.objects.filter(pk__in=wanted).values(*_COLUMNS)
        found = {row["id"]: row for row in entries}
    except ValueError:
        return _segment_unread(wanted)
    head = AuditHead.objects.get(pk=1)
    near: dict[int, dict[str, Any]] = {**links_of, **found}
    try:
        for number in wanted:
            _linked(number, found, near, head)
    except Bad as bad:
        return Verdict(len(found), bad)
    return Verdict(len(found))


def _segment_unread(wanted: Sequence[int]) -> Verdict:
    for row in _one_by_one(wanted[0] - 1, wanted[-1], len(wanted) * 2 + BATCH):
        try:
            content(row)
        except Bad as bad:
            return Verdict(0, bad)
    return Verdict(0, Bad("changed", wanted[0], "Entries there cannot be read."))


def _linked(
    number: int,
    found: dict[int, dict[str, Any]],
    near: dict[int, dict[str, Any]],
    head: AuditHead,
) -> None:
    row = found.get(number)
    if row is None:
        raise Bad("missing", number, f"Entry {number} is missing.")
    before = near.get(number - 1) or _neighbour(number, "lt")
    starts = Follower(
        count=number - 1 if before else 0,
        entry=before["id"] if before else 0,
        digest=before["digest"] if before else hashing.GENESIS,
    )
    starts.follow(number, row["previous"], row["digest"], content(row))
    after = near.get(number + 1) or _neighbour(number, "gt")
    _require_followed(number, row["digest"], after, head)


def _neighbour(number: int, way: str) -> dict[str, Any] | None:
    """Return the nearest entry; old entries from before the chain may have gaps."""
    found = AuditEntry.objects.filter(**{f"pk__{way}": number})
    rows_ = found.order_by("pk" if way == "gt" else "-pk")
    row = rows_.values("id", "previous", "digest").first()
    return dict(row) if row else None
