"""Common parts of the API: permissions, input checks and paging.

Unknown fields and parameters are refused, never ignored: a mistyped ``target`` must not
become a host chosen by the scheduler.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, cast

from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.urls import reverse
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ParseError, ValidationError
from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.pagination import PageNumberPagination
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from migrations_app.access import permissions, sessions, throttle
from migrations_app.access.permissions import Person, Verb
from migrations_app.access.require import require
from migrations_app.access.roles import CONFIRMED
from migrations_app.api.idempotency import CarriedOutOnce
from migrations_app.errors import NotAllowed
from migrations_app.models import TokenScope
from migrations_app.wording import whole_number

if TYPE_CHECKING:
    from rest_framework.views import APIView  # which reads the settings that name us

PAGE, MOST_ON_A_PAGE = 100, 1000
PAGING = frozenset({"page", "page_size"})


def user_of(request: Request) -> User:
    """Return the signed-in user; MayDo admits nobody else."""
    return cast(User, request.user)


def person_of(request: Request) -> Person:
    """Return the signed-in person with their roles."""
    return permissions.person(request.user)


class MayDo(BasePermission):
    """Permission: signed in, and allowed to do the view's ``verb``.

    The actions in requests/actions.py and runs/actions.py check again for the concrete
    request or run.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Return whether the caller is signed in. Raises NotAllowed."""
        if not request.user.is_authenticated:
            return False
        verb = getattr(view, "verb", Verb.SEE)
        require(request.user, verb)
        if request.auth is None and person_of(request).lacks_second_factor:
            raise NotAllowed(
                "You must have a second factor: set one up first, on the page"
                f" {reverse('second-factor')}."
            )
        changes = request.method not in SAFE_METHODS and not getattr(
            view, "reads", False
        )
        if changes and person_of(request).scope == TokenScope.Scope.READ:
            raise NotAllowed(
                "This token's scope is read: to change something you need one of scope"
                " ask or decide, or sign in to the pages."
            )
        return True


class Checked(CarriedOutOnce):
    """View that accepts only the query parameters in ``parameters``.

    A ``dear`` one answers one person only so often. A ``confirmed`` one takes, of who
    is signed in by a session, a password that was entered recently.
    """

    verb: Verb = Verb.SEE
    reads = False  # whether its POST changes nothing
    confirmed = False
    dear = ""  # the kind of access.throttle
    parameters: frozenset[str] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check the permission, then the parameters; look for an idempotency key."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        if request.auth is None and (self.confirmed or self.verb in CONFIRMED):
            _require_confirmed(request)
        if self.dear:
            throttle.admit(user_of(request).pk, self.dear)
        allowed = set(self.parameters)
        if filters := getattr(self, "filterset_class", None):
            allowed |= set(filters.base_filters) | PAGING
        refuse_unknown(request.query_params, allowed, "parameter")
        # PostgreSQL holds none in a text, so that no row has it
        if wrong := [it for it, text in request.query_params.items() if "\0" in text]:
            raise ValidationError(
                {name: ["Null characters are not allowed."] for name in wrong}
            )
        empty = [name for name, text in request.query_params.items() if not text]
        if empty:
            # what a program meant to put there would not narrow the list
            raise ValidationError(
                {name: ["Leave it out or fill it."] for name in empty}
            )
        self.begin(request)


def require_confirmed(request: Request, verb: Verb) -> None:
    """Check the permission where a method of a view needs another than its view.

    Raises NotAllowed.
    """
    require(request.user, verb)
    if request.auth is None and verb in CONFIRMED:
        _require_confirmed(request)


def _require_confirmed(request: Request) -> None:
    """Raise NotAllowed if who is signed in by a session must enter the password."""
    if not sessions.is_confirmed(request._request):
        raise NotAllowed(
            "Enter your password again first, or a second factor, on the page"
            f" {reverse('confirm')}: some time has passed since you last did."
        )


def refuse_unknown(given: Iterable[str], allowed: Iterable[str], what: str) -> None:
    """Raise ValidationError for parameters that are not allowed."""
    known = sorted(allowed)
    there_are = f"there are {', '.join(known)}" if known else "there is none"
    unknown = set(map(str, given)) - set(known)
    if unknown:
        raise ValidationError(
            {name: [f"There is no such {what}; {there_are}."] for name in unknown}
        )


class Filters(DjangoFilterBackend):  # type: ignore[misc]
    """Filters of the pages, which also refuse times outside the databases' range."""

    def get_filterset_kwargs(
        self, request: Request, queryset: QuerySet[Model], view: APIView
    ) -> dict[str, Any]:
        """Pass the caller to filter sets that need it."""
        known = super().get_filterset_kwargs(request, queryset, view)
        if getattr(view, "filters_by_person", False):
            known["person"] = person_of(request)
        return cast(dict[str, Any], known)

    def get_filterset(
        self, request: Request, queryset: QuerySet[Model], view: APIView
    ) -> Any:
        """Return the filter set with every time checked."""
        filters = super().get_filterset(request, queryset, view)
        if filters is not None and filters.is_valid():
            for name, value in filters.form.cleaned_data.items():
                if isinstance(value, datetime):
                    _storable(name, value)
        return filters


def _storable(name: str, value: datetime) -> None:
    try:
        possible = 1900 <= value.astimezone(UTC).year <= 9000
    except OverflowError:
        possible = False
    if not possible:
        raise ValidationError({name: ["Give a time between the years 1900 and 9000."]})


class Pages(PageNumberPagination):
    """Paging: ``page`` from 1, ``page_size`` up to 1000, ``next`` as an address.

    Lists have a fixed order, newest first where time matters. A reader who follows
    ``next`` can see a row twice while rows are added, but misses none.
    """

    page_size = PAGE
    page_size_query_param = "page_size"
    max_page_size = MOST_ON_A_PAGE

    def get_page_size(self, request: Request) -> int:
        """Return the page size. Raises ValidationError."""
        asked = request.query_params.get("page_size", str(PAGE))
        return _whole_number("page_size", asked, most=MOST_ON_A_PAGE)

    def get_page_number(self, request: Request, paginator: Any) -> int:
        """Return the page number. Raises ValidationError, NotFound."""
        asked = request.query_params.get("page", "1")
        number = _whole_number("page", asked, most=2**31 - 1)
        if number > paginator.num_pages:
            raise NotFound
        return number

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Document the paging parameters in the schema."""
        found = super().get_schema_operation_parameters(view)
        for parameter, most in zip(found, (2**31 - 1, MOST_ON_A_PAGE), strict=True):
            parameter["schema"] |= {"minimum": 1, "maximum": most}
        return found


def _whole_number(name: str, text: str, *, most: int, least: int = 1) -> int:
    number = whole_number(text, least=least, most=most)
    if number is None:
        raise ValidationError({name: [f"Give a whole number from {least} to {most}."]})
    return number


def cursor(request: Request, name: str, *, most: int = 2**31 - 1) -> int:
    """Return the query parameter, 0 if missing. Raises ValidationError."""
    text = request.query_params.get(name, "0")
    return _whole_number(name, text, least=0, most=most)


class Text(serializers.CharField):
    """String field that accepts strings only, no numbers or booleans."""

    def to_internal_value(self, data: Any) -> str:
        """Return the string, stripped. Raises ValidationError."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Input(serializers.Serializer[Any]):
    """Serializer that refuses unknown fields."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the valid fields. Raises ValidationError."""
        if isinstance(data, Mapping):
            refuse_unknown(data, self.fields, "field")
        return super().to_internal_value(data)


class Empty(Input):
    """Serializer of an empty body."""


def taken(request: Request, shape: type[Input]) -> dict[str, Any]:
    """Return the body validated by it. Raises ValidationError, ParseError."""
    sent = shape(data=request.data)
    sent.is_valid(raise_exception=True)
    return cast(dict[str, Any], sent.validated_data)


class JSON(JSONParser):
    """JSON in UTF-8, whatever the sender says of its encoding, of sensible depth."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parsed body. Raises ParseError."""
        in_utf_8 = {**(parser_context or {}), "encoding": "utf-8"}
        try:
            return super().parse(stream, media_type, in_utf_8)
        except RecursionError as error:
            raise ParseError("This JSON is nested too deeply.") from error


class AlwaysJSON(BaseContentNegotiation):
    """Content negotiation that always answers JSON, to browsers as well."""

    def select_parser(self, request: Request, parsers: Any) -> BaseParser | None:
        """Return the parser for the content type; None if there is none."""
        return DefaultContentNegotiation().select_parser(request, parsers)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the view's renderer."""
        return renderers[0], renderers[0].media_type
