"""docs/security.md: what threatens novaweb, and what holds against it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from security.book import HERE, Threat, threats


def page() -> str:
    """Return docs/security.md as Markdown."""
    parts = [(HERE / "preamble.md").read_text(encoding="utf-8").rstrip()]
    for group in threats():
        parts.append(f"### {group.title}")
        parts += [_section(threat) for threat in group.threats]
    return "\n\n".join(parts) + "\n"


def _section(threat: Threat) -> str:
    files = ", ".join(f"[{name}](../{name})" for name in threat.files)
    lines = [
        f"**{threat.name}.** {threat.threat}",
        "",
        f"* Against it: {threat.control}",
        f"* In: {files}",
        *(f"* Test: {text}" for text in tests_of(threat.tests)),
    ]
    if threat.open:
        lines.append(f"* **Open**: {threat.open}")
    return "\n".join(lines)


def tests_of(tests: Iterable[str]) -> list[str]:
    """Return a text for each file of tests: its path, and the names of the tests."""
    named = defaultdict(list)
    for test in tests:
        path, _, name = test.partition("::")
        named[path].append(f"`{name}`")
    return [f"`{path}`: {', '.join(names)}" for path, names in named.items()]
