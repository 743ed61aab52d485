"""What is drawn can be seen, light and dark: the contrasts of WCAG 2.2, computed.

axe-core looks at text alone, and not at what other elements cover; borders of fields
and boxes it never looks at (1.4.11).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

STATIC = Path(settings.BASE_DIR) / "static"
OURS = (STATIC / "novaweb.css").read_text("utf-8")
TABLER = (STATIC / "vendor" / "tabler" / "tabler.min.css").read_text("utf-8")
# what text and fields stand on
GROUNDS = ("bg-surface", "bg-surface-secondary", "bg-forms", "body-bg")
TEXTS = ("good", "bad", "warn", "info", "busy", "idle", "unknown")
THEMES = ("light", "dark")


def tokens(theme: str) -> dict[str, str]:
    """Return our colours of the theme; the dark ones are over the light ones."""
    found = dict(re.findall(r"--([\w-]+): (#\w+);", block(":root")))
    if theme == "dark":
        dark = block('[data-bs-theme="dark"]')
        found |= dict(re.findall(r"--([\w-]+): (#\w+);", dark))
    return found


def block(selector: str) -> str:
    found = re.search(re.escape(selector) + r" \{(.*?)\n\}", OURS, re.DOTALL)
    assert found, selector
    return found[1]


def luminance_of_hex(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    line = [
        it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts
    ]
    return 0.2126 * line[0] + 0.7152 * line[1] + 0.0722 * line[2]


def ground(name: str, theme: str) -> float:
    """Return the luminance of a colour of Tabler's: its last word on it counts.

    They are greys, whose luminance in OKLab is the cube of their lightness.
    """
    value = re.findall(rf"--tblr-{name}:([^;}}]+)[;}}]", TABLER)[-1].strip()
    if both := re.fullmatch(r"light-dark\((.+), ?(.+)\)", value):
        value = both[1 if theme == "light" else 2]
    if other := re.fullmatch(r"var\(--tblr-([\w-]+)\)", value):
        return ground(other[1], theme)
    if grey := re.fullmatch(r"oklch\(([\d.]+)% 0 0deg\)", value):
        return (float(grey[1]) / 100) ** 3
    return luminance_of_hex({"#fff": "#ffffff"}.get(value, value))


def contrast(colour: str, on: float) -> float:
    light, dark = sorted((luminance_of_hex(colour), on), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_can_be_read_on_every_ground(theme: str) -> None:
    faint = {
        (name, under): round(contrast(tokens(theme)[name], ground(under, theme)), 2)
        for name in TEXTS
        for under in GROUNDS
    }

    assert {pair: it for pair, it in faint.items() if it < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_every_field_and_box_has_a_border_that_can_be_seen(theme: str) -> None:
    faint = {
        under: round(contrast(tokens(theme)["field"], ground(under, theme)), 2)
        for under in GROUNDS
    }

    assert {under: it for under, it in faint.items() if it < 3} == {}


@pytest.mark.parametrize("kind", [".form-control", ".form-select", ".form-check-input"])
def test_fields_and_boxes_have_that_border(kind: str) -> None:
    coloured = [
        value
        for selectors, value in re.findall(
            r"^([^{}@]+) \{ border-color: ([^;]+); \}", OURS, re.MULTILINE
        )
        if kind in re.split(r",\s*", selectors)
    ]

    assert coloured == ["var(--field)"]


@pytest.mark.parametrize("theme", THEMES)
def test_what_is_ticked_shows_its_tick(theme: str) -> None:
    found = re.search(
        r"\.form-check-input:checked \{ background-color: (#\w+); \}", OURS
    )

    assert found
    assert contrast("#ffffff", luminance_of_hex(found[1])) >= 3
