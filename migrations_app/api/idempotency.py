"""The header Idempotency-Key: a POST that has one is carried out once.

As draft-ietf-httpapi-idempotency-key-header has it. The row of the key is written
before anything is done, and no other request gets one, in whichever process. It goes
when nothing was done. What was neither answered nor refused stays so until a person has
looked: the process may have died after the deed as well as before it.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import timedelta
from typing import Any, cast

import structlog
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import Error, IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from migrations_app.errors import (
    AnsweredOnce,
    KeyReused,
    NovawebError,
    Unanswered,
)
from migrations_app.models import AuditEntry, KeptAnswer
from migrations_app.models.kept_answer import too_old
from migrations_app.wording import ago

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEPT_HEADERS = ("Location", "ETag")
# A string of RFC 8941, or the same without its quotes, as many programs send it.
_WORD = r"[!#-\[\]-~]{1,255}"
PATTERN = rf'^("{_WORD}"|{_WORD})$'
# No process is at one request for so long.
LONGEST = timedelta(minutes=5)
AGAIN_IN = 2  # seconds

log = structlog.get_logger(__name__)


class Replayed(Exception):
    """The request was answered before; ``answer`` is that answer."""

    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.answer = answer


class CarriedOutOnce:
    """View whose POST is carried out once for each key.

    ``once`` false: to do it again does no harm, and a key means nothing; of who is not
    signed in none is taken. ``secret``: its answer has one, and so is not kept.
    """

    once = True
    secret = False
    _kept: KeptAnswer | None = None

    def begin(self, request: Request) -> None:
        """Write down that it begins. Raises Replayed, VerbError, ValidationError.

        To be called when it is known that this person may do it.
        """
        sent = request.headers.get(HEADER)
        if sent is None or request.method != "POST" or not hasattr(self, "post"):
            return
        if not request.user.is_authenticated:
            raise ValidationError(
                {HEADER: ["A token is made without one: leave the header out."]}
            )
        if self.once:
            self._kept = _begun(request, sent)

    def handle_exception(self, error: Exception) -> Response:
        """Return the answer; the key of what was not carried out is free again."""
        if isinstance(error, Replayed):
            return error.answer
        if self._kept is not None:
            _end(self._kept, refused=_says_nothing_was_done(error))
            self._kept = None
        return super().handle_exception(error)  # type: ignore[misc,no-any-return]

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Response:
        """Return the answer, which is kept if there is a key."""
        if self._kept is not None and isinstance(response, Response):
            _keep(self._kept, response, secret=self.secret)
        return super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc,no-any-return]


def _begun(request: Request, sent: str) -> KeptAnswer:
    if not re.fullmatch(PATTERN, sent):
        raise ValidationError(
            {
                HEADER: [
                    "Send a text of at most 255 ASCII characters without spaces, as a"
                    " UUID in quotes is."
                ]
            }
        )
    account, now = cast(User, request.user), timezone.now()
    row = KeptAnswer(
        account=account,
        key=_sha256(sent.strip('"')),
        asked=_sha256(_asked(request)),
        begun_at=now,
    )
    rows = KeptAnswer.objects.filter(account=account, key=row.key)
    (rows & too_old(now)).delete()
    if (earlier := rows.first()) is None:
        try:
            with transaction.atomic():
                row.save(force_insert=True)
            return row
        except IntegrityError:
            earlier = rows.first()
    raise _answered_before(row, earlier)


def _asked(request: Request) -> str:
    """Return what is asked for: where, and the body in one form. Raises ParseError."""
    return json.dumps([request.get_full_path(), request.data], sort_keys=True)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _answered_before(row: KeptAnswer, earlier: KeptAnswer | None) -> Exception:
    """Return what to raise, since the key was sent before."""
    if earlier is None:  # it has just been refused, and its key is free
        return Unanswered(
            "Another request with this key has just ended: send it again.",
            wait=AGAIN_IN,
        )
    if earlier.asked != row.asked:
        return KeyReused(
            "This Idempotency-Key was sent before with something else, so nothing was"
            " done. Send another key with what is new, and the same body with this one."
        )
    age = row.begun_at - earlier.begun_at
    when = f"What was sent with this Idempotency-Key began {ago(age)}"
    if earlier.ended_at is None and age < LONGEST:
        return Unanswered(
            f"{when} and has no answer yet: send it again, with the same key, in some"
            " seconds.",
            wait=AGAIN_IN,
        )
    if earlier.status is None:
        return Unanswered(
            f"{when}, and novaweb failed or was stopped before the answer. It is not"
            " known whether it was carried out: look, and if it was not, send it with"
            " another key."
        )
    if not earlier.body:
        return AnsweredOnce(
            f"{when} and was carried out. The answer had a secret, which is not kept:"
            " if you have not got it, have a new one made."
        )
    headers = {**earlier.headers, REPLAYED: "true"}
    return Replayed(
        Response(json.loads(earlier.body), status=earlier.status, headers=headers)
    )


def _says_nothing_was_done(error: Exception) -> bool:
    if isinstance(error, APIException):
        return error.status_code < 500
    return isinstance(error, NovawebError | Http404 | PermissionDenied)


def _has_acted(row: KeptAnswer) -> bool:
    """Tell whether this call has done anything: the trail has every deed, by call."""
    call = str(structlog.contextvars.get_contextvars().get("request_id", ""))[:36]
    since = AuditEntry.objects.filter(at__gte=row.begun_at, act=call)
    return not call or since.exists()


def _end(row: KeptAnswer, *, refused: bool) -> None:
    """Free the key, or note that nobody knows whether its request was carried out."""
    try:
        # what was done before the error, as the answer was made, stays done
        if refused and not _has_acted(row):
            row.delete()
        else:
            KeptAnswer.objects.filter(pk=row.pk).update(ended_at=timezone.now())
    except Error as error:
        # it stays without an answer, which is safe
        log.warning("key not freed", key=row.key, reason=str(error))


def _keep(row: KeptAnswer, response: Response, *, secret: bool) -> None:
    body = "" if secret else JSONRenderer().render(response.data).decode() or "null"
    try:
        KeptAnswer.objects.filter(pk=row.pk).update(
            ended_at=timezone.now(),
            status=response.status_code,
            headers={it: response[it] for it in KEPT_HEADERS if it in response},
            body=body,
        )
    except Error as error:
        # what is done is done, and is to be answered now
        log.warning("answer not kept", key=row.key, reason=str(error))
