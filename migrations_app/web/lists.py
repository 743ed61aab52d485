"""What the lists of all pages have in common: how a table looks, and its pages."""

from __future__ import annotations

from django_tables2 import LazyPaginator

ATTRS = {"class": "table table-vcenter card-table reflow"}


PER_PAGE = 40
# a page number tells whether there is more; nobody counts fifty thousand rows
PAGES = {"per_page": PER_PAGE, "paginator_class": LazyPaginator}
