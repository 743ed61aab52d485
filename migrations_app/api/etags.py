"""ETags: what somebody has read is what they change, or the answer is 412.

A strong tag names an edition that people, or novaweb, have made of an object. What is
shown beside it and passes by itself, as the next times of a window, is no part of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

from django.utils.http import parse_etags
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from migrations_app.errors import Changed, TooLate

TAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=True,
    description="Names what is shown, for If-Match.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of what was read: if it was changed since, nothing is done,"
    " and the answer is 412.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of what is known already: if it is still so, 304.",
)


class Edition(NamedTuple):
    """What an object is now: its kind in words, its tag, who made it so, and when.

    ``by`` and ``at`` are empty where that is not known; ``version`` is 0 where there
    are none.
    """

    what: str
    name: str
    by: str = ""
    at: datetime | None = None
    version: int = 0

    @property
    def tag(self) -> str:
        """The strong ETag, with its quotes."""
        return f'"{self.name}"'


def tagged(response: Response, edition: Edition) -> Response:
    """Return the answer with the tag of what it shows."""
    response["ETag"] = edition.tag
    return response


def known(request: Request, edition: Edition) -> bool:
    """Return whether the asker has this edition already, by If-None-Match."""
    tags = parse_etags(request.headers.get("If-None-Match", ""))
    weak = {tag.removeprefix("W/") for tag in tags}
    return edition.tag in weak or "*" in weak


@contextmanager
def unchanged(
    request: Request, look: Callable[[], Edition]
) -> Iterator[Edition | None]:
    """Let that be done if the object is what If-Match names; without the header, too.

    Yields the edition that it is of; None without the header. What is done there must
    hold that it is still that one, by a TooLate. Raises Changed, ValidationError.
    """
    sent = request.headers.get("If-Match")
    if sent is None:
        yield None
        return
    wanted = parse_etags(sent)
    if not wanted:
        raise ValidationError(
            {"If-Match": ["Send an ETag as you got it, with its quotes, or *."]}
        )
    found = look()
    _require(found, wanted)
    try:
        yield found
    except TooLate:
        _require(look(), wanted)
        raise


def _require(found: Edition, wanted: list[str]) -> None:
    if found.tag in wanted or "*" in wanted:
        return
    who = f" by {found.by}" if found.by else ""
    when = f" at {found.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if found.at else ""
    raise Changed(
        f"{found.what} was changed{who}{when}, after you read it, so nothing was done."
        " Read it again, then decide."
    )
