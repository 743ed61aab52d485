"""Error responses as problem details (RFC 9457, application/problem+json)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from migrations_app.errors import (
    AnsweredOnce,
    Blocked,
    Changed,
    Conflict,
    Gone,
    KeyReused,
    NotAllowed,
    NovawebError,
    Refused,
    TooLate,
    TooMany,
    Unanswered,
    Unfit,
    Unreachable,
)

log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"

# A Gone is a Blocked too, and a Changed a TooLate, so they stand before them.
OURS: tuple[type[NovawebError], ...] = (
    NotAllowed,
    Changed,
    TooLate,
    TooMany,
    KeyReused,
    Unanswered,
    AnsweredOnce,
    Unfit,
    Gone,
    Blocked,
    Conflict,
    Unreachable,
    Refused,
)
# The first that fits.
KINDS: tuple[tuple[type[Exception], int, str], ...] = (
    *((ours, ours.status, ours.word) for ours in OURS),
    (Http404, 404, "not-found"),
    (PermissionDenied, 403, "not-allowed"),
    (exceptions.NotAuthenticated, 401, "not-signed-in"),
    (exceptions.AuthenticationFailed, 401, "not-signed-in"),
    (exceptions.PermissionDenied, 403, "not-allowed"),
    (exceptions.NotFound, 404, "not-found"),
    (exceptions.MethodNotAllowed, 405, "method-not-allowed"),
    (RequestDataTooBig, 413, "too-large"),
    (exceptions.UnsupportedMediaType, 415, "unsupported-media-type"),
    (exceptions.Throttled, 429, "too-many"),
    (exceptions.APIException, 400, "invalid"),
    (OperationalError, 503, "database"),
    (InterfaceError, 503, "database"),
)


_TEXT = {"type": "string"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "Why a request was not carried out; nothing has changed then.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {**_TEXT, "description": "The type of the problem, for programs."},
        "title": {**_TEXT, "description": "The HTTP status in words."},
        "status": {"type": "integer"},
        "detail": {**_TEXT, "description": "A sentence for a person."},
        "fields": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": _TEXT},
            "description": "Errors by field or parameter.",
        },
        "findings": {
            "type": "array",
            "items": {"type": "object"},
            "description": "What the pre-flight found.",
        },
    },
}


def handle(error: Exception, context: Mapping[str, Any]) -> Response:
    """Return the error as problem details; internal errors are logged."""
    status, kind = kind_of(error)
    body: dict[str, Any] = {
        "type": f"urn:novaweb:{kind}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": _clean(_detail(error)),
    }
    if isinstance(error, exceptions.ValidationError):
        body["fields"] = _fields(error.detail)
        body["detail"] = _sentence(body["fields"])
    if isinstance(error, Unfit) and error.findings:
        body["findings"] = [finding.as_dict() for finding in error.findings]
    if status >= 500 and not isinstance(error, NovawebError):
        log.error("an API request failed", status=status, exc_info=error)
    return Response(
        body, status=status, content_type=MEDIA_TYPE, headers=_headers(error)
    )


def kind_of(error: Exception) -> tuple[int, str]:
    """Return the status of the answer to the error, and the word for programs."""
    for family, status, kind in KINDS:
        if isinstance(error, family):
            return status, kind
    return 500, "mistake"


def _detail(error: Exception) -> str:
    match error:
        case NovawebError():
            return error.sentence
        case Http404() | exceptions.NotFound():
            return "There is nothing here. Addresses end with a slash; see docs/api.md."
        case exceptions.NotAuthenticated():
            return (
                "Sign in first: send a token, as “Authorization: Bearer …”. POST"
                " /api/token/ gives one for a name and password."
            )
        case exceptions.APIException():
            return str(error.detail)
        case RequestDataTooBig():
            return "What was sent is too large: send less, or in parts."
        case PermissionDenied():
            return str(error) or "You may not do this."
        case OperationalError() | InterfaceError():
            return "novaweb's database does not answer. Nothing was changed: try again."
    return (
        "novaweb met an internal error; its log has the details. Tell an"
        " administrator of novaweb."
    )


def _headers(error: Exception) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = f"{wait:.0f}"
    return headers


def _fields(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Return the messages by field name, ``options.deadline`` for nested fields.

    Messages about the whole input have the name ``""``.
    """
    if isinstance(detail, Mapping):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            whole = name == "non_field_errors"
            path = prefix if whole else f"{prefix}.{name}" if prefix else str(name)
            found |= _fields(inner, path)
        return found
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        flat = [each for each in detail if isinstance(each, str)]
        found = {_clean(prefix): [_clean(str(each)) for each in flat]} if flat else {}
        for number, inner in enumerate(detail):
            if not isinstance(inner, str):
                found |= _fields(inner, f"{prefix}.{number}")
        return found
    return {_clean(prefix): [_clean(str(detail))]}


def _sentence(fields: Mapping[str, Sequence[str]]) -> str:
    parts = [
        f"{name}: {' '.join(messages)}" if name else " ".join(messages)
        for name, messages in fields.items()
    ]
    return " ".join(parts) or "The input is not valid."


def _clean(text: str) -> str:
    """Return the text, which may echo input, with invalid UTF-8 replaced."""
    return text.encode("utf-8", "replace").decode()
