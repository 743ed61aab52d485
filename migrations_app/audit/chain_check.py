"""Follows a chain of audit entries, one after the other, and finds what does not fit.

Pure, in constant memory. verifier/verify_audit.py does the same without us.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from migrations_app.audit.hashing import GENESIS, digest


class Bad(Exception):
    """The chain is broken. ``entry`` is the first bad one, as far as can be told.

    ``kind``: changed, missing, order, cut, rewritten, signature.
    """

    def __init__(self, kind: str, entry: int, sentence: str) -> None:
        super().__init__(sentence)
        self.kind, self.entry, self.sentence = kind, entry, sentence


@dataclass(frozen=True, slots=True)
class Signed:
    """A place in the chain that was signed: the ``count``-th entry was number
    ``entry`` and had that digest. ``at`` as it was written."""

    at: str
    count: int
    entry: int
    digest: str


@dataclass(slots=True)
class Follower:
    """Knows where in the chain it is. ``proven`` is the last signed place that fits."""

    signed: Iterable[Signed] = ()
    count: int = 0
    entry: int = 0
    digest: str = GENESIS
    proven: Signed | None = None
    _waiting: list[Signed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._waiting = sorted(self.signed, key=lambda each: each.count, reverse=True)
        while self._waiting and self._waiting[-1].count <= self.count:
            self._compare(self._waiting.pop())

    def follow(self, entry: int, previous: str, own: str, content: str) -> None:
        """Take the next entry: its number, what it says of the one before it and of
        itself, and the hash of its content as it is now. Raises Bad."""
        if entry <= self.entry:
            raise Bad(
                "order", entry, f"Entry {entry} stands behind entry {self.entry}."
            )
        if digest(previous, content) != own:
            raise Bad(
                "changed", entry, f"Entry {entry} was changed after it was written."
            )
        if previous != self.digest:
            self._does_not_follow(entry)
        self._step(entry, own)

    def skip(self, content: str, entry: int | None = None) -> None:
        """Take an entry of which only the hash of its content is known."""
        self._step(entry or self.entry + 1, digest(self.digest, content))

    def end(self, *, count: int, entry: int, digest: str) -> None:
        """Compare with where the chain should end, and with what was signed beyond."""
        if self.count < count or (self.count == count and self.entry < entry):
            raise Bad(
                "cut",
                self.entry + 1,
                (
                    f"The trail ends at entry {self.entry}; entries up to {entry}"
                    " are missing."
                ),
            )
        if (self.count, self.entry, self.digest) != (count, entry, digest):
            raise Bad(
                "rewritten",
                self.entry,
                (
                    f"The trail ends at entry {self.entry}, but its head names"
                    " another entry."
                ),
            )
        self.nothing_beyond()

    def nothing_beyond(self) -> None:
        """Raise Bad if more entries were signed once than there are now."""
        if self._waiting:
            last = self._waiting[0]
            raise Bad(
                "cut",
                self.entry + 1,
                f"The trail ends at entry {self.entry}, but entry {last.entry} was"
                f" signed at {last.at}: entries up to there are missing.",
            )

    def _step(self, entry: int, own: str) -> None:
        self.count, self.entry, self.digest = self.count + 1, entry, own
        while self._waiting and self._waiting[-1].count == self.count:
            self._compare(self._waiting.pop())

    def _compare(self, signed: Signed) -> None:
        if (signed.count, signed.digest) == (self.count, self.digest):
            self.proven = signed
            return
        since = self.proven.entry + 1 if self.proven else 1
        raise Bad(
            "rewritten",
            since,
            f"The chain was rewritten, somewhere from entry {since} to entry"
            f" {self.entry}: the one that was signed at {signed.at} was another.",
        )

    def _does_not_follow(self, entry: int) -> None:
        if entry > self.entry + 1:
            gone = self.entry + 1
            names = f"entry {gone} is" if gone == entry - 1 else f"{gone} and more are"
            raise Bad("missing", gone, f"Before entry {entry}, {names} missing.")
        if self.entry == 0:
            raise Bad("changed", entry, f"Entry {entry} does not begin the chain.")
        raise Bad(
            "changed",
            self.entry,
            f"Entry {self.entry} was rewritten: entry {entry} follows another entry.",
        )
