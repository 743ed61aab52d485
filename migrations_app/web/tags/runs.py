"""The names of steps, and the lines of a run's log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString

from migrations_app.access.display import as_shown
from migrations_app.models import AuditEntry, Line, Step
from migrations_app.procedures import registry

register = template.Library()

_TROUBLE = re.compile(
    r"\b(error|fail(s|ed|ure)?|refused|blocked|could not|cannot|held|gave up|"
    r"does not answer|not answer(ed)?|unreachable)\b",
    re.IGNORECASE,
)


@register.filter
def step_title(step: Step | Mapping[str, Any]) -> str:
    """Return the title of a run's step, or of a step of a stored plan."""
    if isinstance(step, Step):
        return registry.step_title(step.key, step.sentence)
    return registry.step_title(step.get("key", ""), step.get("sentence", ""))


@register.filter
def entry_step(entry: AuditEntry) -> str:
    """Return the title of the step that an audit entry is about; empty if none is."""
    key = (entry.after or {}).get("step")
    return registry.step_title(key) if isinstance(key, str) and key else ""


@register.simple_tag
def log_line(line: Line) -> SafeString:
    """Return one line of a log, for the page, the stream and the poll alike.

    Not a template: a page has a thousand of them.
    """
    at, (there, _) = line.at.astimezone(UTC), as_shown(line.at)
    # only the colour and the key “e” hang on it
    kind = "line line-trouble" if _TROUBLE.search(line.text) else "line"
    number, moment = line.number, at.isoformat(timespec="milliseconds")
    return SafeString(
        f'<li class="{kind}" id="line-{number}">{_heading(line)}<a class="line-number"'
        f' href="#line-{number}" aria-label="Line {number}">{number}</a>'
        f'<time datetime="{moment}" data-style="clock">{there:%H:%M:%S}</time>'
        f'<span class="line-text">{escape(line.text)}</span></li>'
    )


def _heading(line: Line) -> str:
    """Return the title of the step that begins with this line; empty within a step."""
    if not line.step or line.step == line.previous_step:
        return ""
    title = escape(registry.step_title(line.step))
    return f'<strong class="line-step">{title}</strong>'
