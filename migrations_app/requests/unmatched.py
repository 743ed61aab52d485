"""Policies and windows whose conditions match nothing there is: typos guard nothing.

Such a policy or window is refused until somebody says that it is meant so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from django.conf import settings

from migrations_app.errors import Unfit
from migrations_app.models import Hypervisor, Instance
from migrations_app.procedures.registry import PROCEDURES

# what agrees to it: a field of forms and of the API
AGREED = "Save it although this matches nothing now"


def _aggregates() -> Iterable[str]:
    lists = Hypervisor.objects.order_by().values_list("aggregates", flat=True)
    return {name for names in lists for name in names}


def _projects() -> Iterable[str]:
    rows = Instance.objects.order_by().values_list("project_id", "project_name")
    return {name for pair in rows.distinct() for name in pair}


def _of_hosts(column: str) -> Iterable[str]:
    return Hypervisor.objects.order_by().values_list(column, flat=True).distinct()


# by condition: one of these in words, and the names that there are
_KNOWN: dict[str, tuple[str, Callable[[], Iterable[str]]]] = {
    "clouds": ("cloud", lambda: settings.NOVAWEB_CLOUDS),
    "projects": ("project with an instance", _projects),
    "zones": ("availability zone", lambda: _of_hosts("zone")),
    "aggregates": ("aggregate", _aggregates),
    "hosts": ("host", lambda: _of_hosts("host")),
    "procedures": ("procedure", lambda: PROCEDURES),
}


def unmatched(conditions: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a sentence for each pattern that matches nothing in novaweb's copy now.

    A query for each condition that has names.
    """
    found = []
    for condition, (_, names) in _KNOWN.items():
        if patterns := conditions.get(condition):
            known = list(names())
            found += [
                no_such(condition, pattern)
                for pattern in patterns
                if not any(fnmatchcase(name, pattern) for name in known)
            ]
    return found


def no_such(condition: str, name: str) -> str:
    """Return the sentence about a name, of that condition, that matches nothing."""
    return f"No {_KNOWN[condition][0]} is called “{name}”."


def require_matched(sentences: Sequence[str], *, agreed: bool) -> None:
    """Raise Unfit with what matches nothing, unless that is agreed to."""
    if sentences and not agreed:
        raise Unfit(" ".join(sentences))
