"""Verifies a chain of audit entries, one after the other.

Pure, in constant memory. verifier/verify_audit.py does the same independently.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from migrations_app.audit.hashing import GENESIS, digest

# An older database is as short as one that was cut, and goes on as one rewritten.
RESTORED = (
    " If the database was restored from a backup, that is why: docs/audit.md, “After a"
    " restore”, says what to do. If it was not, entries were removed."
)


class Bad(Exception):
    """The chain is broken. ``entry`` is the first bad one, as far as known.

    ``kind``: changed, missing, order, cut, rewritten, signature or triggers.
    """

    def __init__(self, kind: str, entry: int, sentence: str) -> None:
        super().__init__(sentence)
        self.kind, self.entry, self.sentence = kind, entry, sentence


@dataclass(frozen=True, slots=True)
class Signed:
    """Signed position of the chain: entry number, count, digest.

    ``at`` is the text of the signature's time.
    """

    at: str
    count: int
    entry: int
    digest: str


@dataclass(slots=True)
class Follower:
    """Current position in the chain; ``proven`` is the last matching signature."""

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

    @property
    def reached(self) -> Signed:
        """The current position."""
        return Signed("", self.count, self.entry, self.digest)

    def follow(self, entry: int, previous: str, own: str, content: str) -> None:
        """Verify the next entry. Raises Bad.

        Arguments: its number, its previous digest and digest, and the hash of its
        content.
        """
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
        """Verify an entry of which only the hash of the content is known."""
        self._step(entry or self.entry + 1, digest(self.digest, content))

    def end(self, *, count: int, entry: int, digest: str) -> None:
        """Compare with the expected head and with signatures beyond it."""
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
        """Raise Bad if a signature covers more entries than exist."""
        if self._waiting:
            last = self._waiting[0]
            raise Bad(
                "cut",
                self.entry + 1,
                f"The trail ends at entry {self.entry}, but entry {last.entry} was"
                f" signed at {last.at}: entries up to there are missing.{RESTORED}",
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
            f" {self.entry}: the one that was signed at {signed.at} was another."
            f"{RESTORED}",
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
