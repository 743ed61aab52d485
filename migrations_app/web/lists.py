"""What the lists of all pages have in common: how a table looks, and its pages."""

from __future__ import annotations

from typing import Any

from django.core.paginator import InvalidPage, PageNotAnInteger
from django.core.paginator import Page as Rows
from django_tables2 import LazyPaginator

from migrations_app.wording import whole_number

ATTRS = {"class": "table table-vcenter card-table reflow"}


PER_PAGE = 40
LAST_PAGE = 100_000  # a database can skip so many rows; nobody turns so many pages


class Pages(LazyPaginator):  # type: ignore[misc]
    """Pages by number, of which only the next one is counted.

    What is no number of a page, or the number of none, is the first page.
    """

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


# a page number tells whether there is more; nobody counts fifty thousand rows
PAGES = {"per_page": PER_PAGE, "paginator_class": Pages}
