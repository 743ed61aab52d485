"""``python -m supply.licences > docs/licences.md``: under which licence each pin is.

As the installed packages say of themselves. One whose licence is not in KNOWN is
refused: a person decides, and adds it.
"""

from __future__ import annotations

import re
import sys
from email.message import Message
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import cast

from supply.lock import LOCK, name_of, pins

# Licences that go with Apache 2.0, in SPDX' words. Those of the GPL's family are of
# libraries that are used as they come: none is changed or copied into novaweb.
KNOWN = frozenset(
    (
        *("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0"),
        *("MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense"),
        *("LGPL-2.1", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later"),
    )
)
# What packages say that know no SPDX; "BSD License" does not say how many clauses.
OTHER_WORDS = {
    "Apache Software License": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "BSD 3-Clause OR Apache-2.0": "BSD-3-Clause OR Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
HEADER = """# Licences of what novaweb installs

novaweb itself is under Apache 2.0 (LICENSE). `make licences` writes this list of all
that `requirements-lock.txt` pins, as the packages say of themselves; a test refuses a
licence that nobody has looked at. What is copied into the project:
[static/vendor](../static/vendor/README.md).

| package | version | licence |
|---|---|---|
"""


def licence_of(package: Distribution) -> str:
    """Return the licence in SPDX' words, as far as the package tells; else ''."""
    facts = cast(Message, package.metadata)
    classes = [
        text.split("::")[-1].strip()
        for text in facts.get_all("Classifier") or ()
        # "OSI Approved" alone names none
        if text.startswith("License ::") and not text.endswith("OSI Approved")
    ]
    for text in (facts.get("License-Expression"), *classes, facts.get("License")):
        if text and "\n" not in text.strip():
            return OTHER_WORDS.get(text.strip(), text.strip())
    return ""


def unknown(expression: str) -> list[str]:
    """Return the licences of an expression that nobody has looked at; '' is one."""
    if not expression:
        return [""]
    parts = re.split(r"\s+(?:AND|OR|WITH)\s+|[()]", expression)
    return [part for part in parts if part.strip() and part.strip() not in KNOWN]


def pinned() -> list[tuple[str, str, str]]:
    """Return name, version and licence of each pin that is installed here."""
    found = []
    for pin in pins(LOCK.read_text(encoding="ascii")):
        name = re.split(r"[=;\s]", pin)[0]
        try:
            package = distribution(name)
        except PackageNotFoundError:
            if ";" in pin:  # only an older Python needs it
                continue
            raise
        found.append((name, package.version, licence_of(package)))
    return sorted(found, key=lambda each: name_of(each[0]))


def text() -> str:
    """Return the list as Markdown."""
    rows = [
        f"| {name} | {version} | {licence} |" for name, version, licence in pinned()
    ]
    return HEADER + "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
