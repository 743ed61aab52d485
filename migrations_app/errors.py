"""Every error that novaweb raises on purpose, as one tree.

NovawebError
├── WorldError             what Nova, a host or a database answered
│   ├── Blocked            the world forbids it; a person must look
│   │   ├── Gone           what was asked about does not exist there (any more)
│   │   └── Uncertain      unknown where guest or disks are: a person decides
│   ├── Conflict           the world is busy with something: look again
│   ├── Unreachable        a neighbour did not answer: look again, within patience
│   └── Refused            our credentials or a policy of the cloud do not allow it
├── VerbError              why an action was not carried out
│   ├── NotAllowed         this person may not do this
│   ├── TooLate            somebody or something was faster: the state has moved on
│   │   └── Changed        it is not what the person has read, by its ETag
│   ├── TooMany            this person asks for what is dear too often
│   ├── KeyReused          this idempotency key was for something else
│   ├── Unanswered         what this key was for has no answer (yet)
│   ├── AnsweredOnce       what this key was for is done; the answer had a secret
│   └── Unfit              the input is not valid, or the request cannot be run
└── LostLease              this process no longer owns the run: drop everything

Each carries one whole sentence for a person, in ``sentence``, and says how the web
answers with it: HTTP status, a word for programs, and a title for a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar


class NovawebError(Exception):
    """The root: an error whose text may be shown to a person as it stands."""

    status: ClassVar[int] = 500
    word: ClassVar[str] = "failed"
    title: ClassVar[str] = "novaweb failed"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class WorldError(NovawebError):
    """Answer of Nova, a host or a database, as a sentence."""


class Blocked(WorldError):
    """The world forbids it, and waiting will not help: a person must look."""

    status = 422
    word = "blocked"
    title = "The cloud forbids it"


class Gone(Blocked):
    """The object does not exist in the cloud (any more)."""

    status = 404
    word = "gone"
    title = "There is nothing here"


class Uncertain(Blocked):
    """It is not known where the guest runs, or whether its disks are there: a person
    must look before anything is asked for, be it the next step or the undoing of the
    last."""

    title = "It is not known where the instance runs, or with which disks"


class Conflict(WorldError):
    """The cloud is busy with something else (HTTP 409): try again."""

    status = 409
    word = "busy"
    title = "The cloud is busy"


class Unreachable(WorldError):
    """No answer, or an answer 5xx: try again until the time limit."""

    status = 503
    word = "unreachable"
    title = "The cloud does not answer"


class Refused(WorldError):
    """Our credentials or a policy of the cloud forbid it (401, 403)."""

    status = 502
    word = "refused"
    title = "The cloud refuses"


class VerbError(NovawebError):
    """An action was not carried out; nothing has changed."""


class NotAllowed(VerbError):
    """This person may not do this."""

    status = 403
    word = "not-allowed"
    title = "You may not do this"


class TooLate(VerbError):
    """The state has changed meanwhile."""

    status = 409
    word = "too-late"
    title = "Changed by somebody else"


class Changed(TooLate):
    """The object is not the one that the person named by its ETag."""

    status = 412
    word = "changed"
    title = "Changed since you read it"


class TooMany(VerbError):
    """This person asks for what is dear too often; ``wait`` seconds help."""

    status = 429
    word = "too-many"
    title = "Too many at once"

    def __init__(self, sentence: str, *, wait: int) -> None:
        super().__init__(sentence)
        self.wait = wait


class KeyReused(VerbError):
    """The idempotency key was sent before, with another body or to another address."""

    status = 422
    word = "key-reused"
    title = "This key was for something else"


class Unanswered(VerbError):
    """What was sent before with this idempotency key has no answer.

    ``wait`` seconds may help; None: they will not, a person must look.
    """

    status = 409
    word = "unanswered"
    title = "There is no answer yet"

    def __init__(self, sentence: str, *, wait: int | None = None) -> None:
        super().__init__(sentence)
        self.wait = wait


class AnsweredOnce(VerbError):
    """It was carried out, and the answer had a secret, which is not kept."""

    status = 409
    word = "answered-once"
    title = "This was answered already"


class Unfit(VerbError):
    """The input is not valid, or the request cannot be run.

    ``findings`` holds the pre-flight findings that prevent it, if any.
    """

    status = 422
    word = "unfit"
    title = "This cannot be done"

    def __init__(self, sentence: str, findings: Sequence[Any] = ()) -> None:
        super().__init__(sentence)
        self.findings = tuple(findings)


class LostLease(NovawebError):
    """Another process owns the run now; nothing more may be written."""

    def __init__(self) -> None:
        super().__init__("Another worker has taken this run over.")


def own_fault(error: Exception) -> str:
    """Return the sentence about an error that is no NovawebError, but a fault of ours.

    It names the class alone: the text may hold anything. Who shows it logs the rest.
    """
    kind = type(error).__name__
    return f"novaweb met an internal error ({kind}); its log says more."


def told(error: Exception) -> str:
    """Return the sentence about any error: its own, or that it is a fault of ours."""
    return error.sentence if isinstance(error, NovawebError) else own_fault(error)
