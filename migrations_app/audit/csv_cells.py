"""Cells of a CSV in which no spreadsheet sees a formula."""

from __future__ import annotations

import re

# A formula begins where a cell does. A spreadsheet of a country that writes decimal
# commas ends cells by semicolons, others by tabs, and then a line within a cell is one
# of the table: a formula begins behind each of these, too, and quotes or spaces may
# stand before it. The last four are signs of full width.
_BEGINS = re.compile(r"(\A|[;\t\r\n])(?=[\"' ]*[=+\-@\t\r'\uff1d\uff0b\uff0d\uff20])")


def covered(text: str) -> str:
    """Return the text with a ' before whatever may be taken for a formula.

    One ' at the beginning, and one behind each semicolon, tab and end of a line, if
    there is one, is no part of the text.
    """
    return _BEGINS.sub(r"\1'", text)
