"""docs/asvs.md: the OWASP ASVS, requirement by requirement."""

from __future__ import annotations

from collections import Counter

from security.book import Requirement, chapters
from security.threat_page import tests_of

HEADER = """# OWASP ASVS 4.0.3, level 2

Each requirement of the levels 1 and 2 by its number, in words of our own; the text
itself is OWASP's (Application Security Verification Standard 4.0.3). *Met* has what
meets it, and the tests that hold that; *open* is known and not done. `make security`
writes this page from `security/asvs.toml`. What threatens novaweb itself:
[security.md](security.md).
"""


def page() -> str:
    """Return docs/asvs.md as Markdown."""
    parts = [HEADER + "\n" + _sums()]
    for chapter in chapters():
        lines = [
            f"## V{chapter.number} {chapter.title}",
            "",
            "| number | level | about | |",
            "|---|---|---|---|",
        ]
        for number, entry in chapter.requirements.items():
            lines.append(
                f"| {number} | {entry.level} | {entry.what} | {_standing(entry)} |"
            )
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _sums() -> str:
    count = Counter(
        word_of(entry)
        for chapter in chapters()
        for entry in chapter.requirements.values()
    )
    return f"Of {count.total()}: " + ", ".join(
        f"{count[word]} {word}" for word in ("met", "not applicable", "open")
    )


def word_of(entry: Requirement) -> str:
    """Return how the requirement stands, in a word."""
    if entry.met is not None:
        return "met"
    return "open" if entry.open is not None else "not applicable"


def _standing(entry: Requirement) -> str:
    text = entry.met or entry.not_applicable or entry.open or ""
    word = f"**{word_of(entry)}**" if entry.open is not None else word_of(entry)
    parts = [f"{word}: {text}" if text else f"{word}."]
    return " ".join([*parts, *(f"{each}." for each in tests_of(entry.tests))])
