"""Prints the table of calendar files: ``python -m proof.calendars``.

``--doc`` writes it to docs/calendars.md, too. Ends with 1 if one is read otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from proof.calendars import table


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; return 0 if every file is read as expected."""
    asked = sys.argv[1:] if arguments is None else arguments
    text, right, count = table.text()
    print(text)
    if "--doc" in asked:
        table.DOC.write_text(table.HEAD + text, encoding="utf-8")
    return 0 if right == count else 1


if __name__ == "__main__":
    sys.exit(main())
