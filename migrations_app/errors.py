"""Every error that novaweb raises on purpose, as one tree.

NovawebError
├── WorldError             what a neighbour (Nova, a host, a database) answered
│   ├── Blocked            the world forbids it; a person must look
│   │   └── Gone           what was asked about does not exist there (any more)
│   ├── Conflict           the world is busy with something: look again
│   ├── Unreachable        a neighbour did not answer: look again, within patience
│   └── Refused            our credentials or a policy of the cloud do not allow it
├── VerbError              why a person's verb was not carried out
│   ├── NotAllowed         this person may not do this
│   ├── TooLate            somebody or something was faster: the state has moved on
│   └── Unfit              what was asked for makes no sense or cannot be run
└── LostLease              this process no longer owns the run: drop everything

Each carries one whole sentence for a person, in ``sentence``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class NovawebError(Exception):
    """The root: an error whose text may be shown to a person as it stands."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class WorldError(NovawebError):
    """What a neighbour answered, in our words."""


class Blocked(WorldError):
    """The world forbids it, and waiting will not help: a person must look."""


class Gone(Blocked):
    """What was asked about does not exist in the cloud (any more)."""


class Conflict(WorldError):
    """The world is busy with something else (HTTP 409): look again."""


class Unreachable(WorldError):
    """A neighbour did not answer, or answered 5xx: look again, within patience."""


class Refused(WorldError):
    """Our credentials, or a policy of the cloud, do not allow it (401, 403)."""


class VerbError(NovawebError):
    """Why a person's verb was not carried out; nothing has changed."""


class NotAllowed(VerbError):
    """This person may not do this."""


class TooLate(VerbError):
    """Somebody or something was faster: the state has moved on."""


class Unfit(VerbError):
    """What was asked for makes no sense, or cannot be run as it stands.

    ``findings`` holds the pre-flight findings that speak against it, if any.
    """

    def __init__(self, sentence: str, findings: Sequence[Any] = ()) -> None:
        super().__init__(sentence)
        self.findings = tuple(findings)


class LostLease(NovawebError):
    """Another process owns the run now; nothing more may be written."""

    def __init__(self) -> None:
        super().__init__("Another worker has taken this run over.")
