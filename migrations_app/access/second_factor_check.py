"""Whether what somebody shows is a second factor of theirs.

Tries are counted before it is looked at, as with passwords, but for the account alone:
who is asked for it has shown the password, or is signed in.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt
from allauth.mfa.webauthn.internal import auth as webauthn
from cryptography.exceptions import InvalidSignature
from django.contrib.auth import user_login_failed
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from migrations_app.access import second_factor, sign_in_backend, sign_in_throttle
from migrations_app.access.sealing import OtherKeyError
from migrations_app.models import UsedCode

WRONG_CODE = (
    "This code is wrong, or was used before. Wait for the next one, and see that the"
    " clock of your device is right."
)
WRONG_KEY = "The security key did not answer as expected. Try again."
UNREAD = (
    "Your second factor cannot be read, since novaweb's secret key has changed. Ask an"
    " administrator to put the old key back or to take your second factor away."
)
# What a browser sends in a key's name may be any JSON.
ODD = (
    *(ValidationError, ValueError, TypeError, KeyError, AttributeError, IndexError),
    *(InvalidSignature, NotImplementedError, struct.error, RecursionError),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What was shown (empty: nothing that counts), and the sentence if it does not.

    ``wait``: for how many seconds the next try has to wait; 0: this one was looked at.
    """

    kind: str = ""
    sentence: str = ""
    wait: int = 0


def check(request: HttpRequest, user: User, *, code: str = "", key: str = "") -> Shown:
    """Return whether the code, or the answer of a security key, is the person's."""
    admission = sign_in_throttle.admit_second_factor(
        account=user.pk,
        address=sign_in_backend.address_of(request),
        now=timezone.now(),
    )
    if admission.wait:
        sign_in_backend.has_to_wait(request, admission.wait)
        _refused(request, user)
        wait = math.ceil(admission.wait.total_seconds())
        return Shown(sentence=sign_in_backend.says_wait(wait), wait=wait)
    try:
        row = _key_of(user, key) if key else _code_of(user, code)
    except OtherKeyError:
        return Shown(sentence=UNREAD)
    if row is None:
        _refused(request, user)
        return Shown(sentence=WRONG_KEY if key else WRONG_CODE)
    admission.succeeded()
    row.record_usage()
    kinds = {second_factor.APP: "a code", second_factor.KEY: "a security key"}
    return Shown(kind=kinds.get(row.type, "a recovery code"))


def key_request(request: HttpRequest, user: User) -> dict[str, Any]:
    """Return what a browser asks the person's keys; the session has the challenge."""
    found: dict[str, Any] = webauthn.begin_authentication(user)
    request.asks_for_key = True  # type: ignore[attr-defined]
    return found


def new_key_request(request: HttpRequest, user: User) -> dict[str, Any]:
    """Return what a browser asks of a new key; the session has the challenge."""
    found: dict[str, Any] = webauthn.begin_registration(user, False)
    request.asks_for_key = True  # type: ignore[attr-defined]
    return found


def new_key(text: str) -> dict[str, Any] | None:
    """Return what a new key answered, if it is the answer to what it was asked."""
    try:
        answer: dict[str, Any] = json.loads(text)
        webauthn.parse_registration_response(answer)
        webauthn.complete_registration(answer)
    except ODD:
        return None
    return answer


def counter_of(secret: str, code: str) -> int | None:
    """Return the half minute for which the app with this secret shows the code.

    None: for none of now, of the one before and of the one after.
    """
    for counter in totp.yield_hotp_counters_from_time():
        shown = totp.format_hotp_value(totp.hotp_value(secret, counter))
        if constant_time_compare(shown, code):
            return int(counter)
    return None


def plain(code: str) -> str:
    """Return a code as people type it: without what stands between its groups."""
    return "".join(c for c in code if c not in " -\t\u00a0\u2013")


def _code_of(user: User, typed: str) -> Authenticator | None:
    code = plain(typed)
    if not (code.isascii() and code.isdecimal()):
        return None
    rows = {row.type: row for row in second_factor.of(user.pk)}
    app, codes = rows.get(second_factor.APP), rows.get(second_factor.CODES)
    if app is not None:
        counter = counter_of(decrypt(app.data["secret"]), code)
        if counter is not None and use(user.pk, counter):
            return app
    if codes is not None and RecoveryCodes(codes).validate_code(code):
        codes.refresh_from_db()
        return codes
    return None


def use(person_id: int, counter: int) -> bool:
    """Count the code of that half minute as used; False: it, or a later one, was.

    allauth remembers that in Django's cache, which each process has for itself.
    """
    UsedCode.objects.get_or_create(person_id=person_id)
    rows = UsedCode.objects.filter(person=person_id, counter__lt=counter)
    return rows.update(counter=counter) == 1


def _key_of(user: User, text: str) -> Authenticator | None:
    try:
        answer = json.loads(text)
        webauthn.parse_authentication_response(answer)
        return webauthn.complete_authentication(user, answer)
    except ODD:
        return None


def _refused(request: HttpRequest, user: User) -> None:
    """Tell the audit trail, as Django tells it of passwords."""
    user_login_failed.send(
        sender=__name__,
        credentials={"username": user.get_username(), "second_factor": True},
        request=request,
    )
