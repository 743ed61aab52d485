"""What the lists of all pages have in common: how a table looks, and its pages."""

from __future__ import annotations

from typing import Any

from django.core.paginator import InvalidPage, PageNotAnInteger
from django.core.paginator import Page as Rows
from django.db.models import QuerySet
from django.http import HttpRequest
from django_tables2 import LazyPaginator

from migrations_app.web.page import person_of
from migrations_app.wording import whole_number

ATTRS = {"class": "table table-vcenter card-table reflow"}


PER_PAGE = 40
SIZES = (20, 40, 100, 200)  # rows of a page that people can choose
MOST_COUNTED = 1000  # nobody counts fifty thousand rows
LAST_PAGE = 100_000  # a database can skip so many rows; nobody turns so many pages


class Pages(LazyPaginator):  # type: ignore[misc]
    """Pages by number, of which only the next one is counted.

    What is no number of a page, or the number of none, is the first page; as many rows
    as no page has are as many as one of SIZES.
    """

    sizes = SIZES

    def __init__(self, object_list: Any, per_page: int, **kwargs: Any) -> None:
        fitting = [size for size in SIZES if size <= per_page]
        super().__init__(object_list, max(fitting, default=SIZES[0]), **kwargs)

    @property
    def total(self) -> str:
        """How many rows there are in all, counted up to MOST_COUNTED."""
        rows = self.object_list.data.data
        if isinstance(rows, QuerySet):
            found = rows.order_by()[: MOST_COUNTED + 1].count()
        else:
            found = len(rows)
        if found > MOST_COUNTED:
            return f"more than {MOST_COUNTED}"
        return str(found)

    def get_page(self, number: Any) -> Rows[Any]:
        """Return that page; Django's own way goes to the last, which is unknown."""
        found: Rows[Any]
        try:
            found = self.page(number)
        except InvalidPage:
            found = self.page(1)
        return found

    def validate_number(self, number: Any) -> int:
        """Return the number. Raises PageNotAnInteger, EmptyPage."""
        found = whole_number(str(number), most=LAST_PAGE)
        if found is None:
            raise PageNotAnInteger("This is no number of a page.")
        return int(super().validate_number(found))


def pages(request: HttpRequest, *, usual: int = PER_PAGE) -> dict[str, Any]:
    """Return how a table is cut into pages: with the rows that its reader chose.

    A page's number tells whether there is more; nobody counts fifty thousand rows.
    """
    return {"per_page": rows_per_page(request, usual), "paginator_class": Pages}


def rows_per_page(request: HttpRequest, usual: int = PER_PAGE) -> int:
    """Return how many rows of a list the reader chose; ``usual`` without a choice."""
    return person_of(request).display.rows or usual
