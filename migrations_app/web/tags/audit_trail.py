"""Template tags for timelines and evidence."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migrations_app.audit.timeline import DECISIONS, RESULTS, Subject
from migrations_app.models import AuditEntry, Line
from migrations_app.runs.log_export import log_text
from migrations_app.web.tags.novaweb import icon

register = template.Library()
_FILTERS = {"person": "actor"}


@register.filter
def as_search(subject: Subject) -> str:
    """Return the query string that finds the timeline's entries."""
    return urlencode({_FILTERS.get(subject.kind, subject.kind): subject.value})


@register.filter
def tone(entry: AuditEntry) -> str:
    """Return the CSS class of decisions and results."""
    if entry.verb in DECISIONS:
        return "timeline-decision"
    return "timeline-result" if entry.verb in RESULTS else ""


@register.simple_tag
def entry_mark(entry: AuditEntry) -> SafeString:
    """Return the icon and word of a decision or a result; empty for others."""
    for word, signs in (("decision", DECISIONS), ("result", RESULTS)):
        if sign := signs.get(entry.verb):
            shown = icon(sign)
            return format_html('<span class="timeline-kind">{} {}</span> ', shown, word)
    return SafeString("")


@register.filter
def as_log(lines: Iterable[Line]) -> str:
    """Return the lines in the form of the log's text file."""
    return "".join(log_text(list(lines)))
