"""System checks that must pass before novaweb may change real hosts."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from datetime import time
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from django.utils import timezone

from migrations_app.audit import signing, triggers
from migrations_app.models import AuditEntry, AuditWatch
from migrations_app.procedures.base import Act, Procedure
from migrations_app.procedures.registry import PROCEDURES

# the tag of those that look at novaweb's settings, for processes that serve no page
OURS = "novaweb"


@register(OURS)
def settings_make_sense(**kwargs: Any) -> list[CheckMessage]:
    """Check the settings."""
    found: list[CheckMessage] = []
    try:
        _ = settings.SECRET_KEY
    except ImproperlyConfigured:  # Django does not give an empty one
        found.append(
            Error(
                "There is no secret key.",
                hint="Set NOVAWEB_SECRET_KEY_FILE to a file with 50 random characters.",
                id="novaweb.E001",
            )
        )
    if settings.NOVAWEB_LEASE < 1:
        found.append(
            Error(
                (
                    "NOVAWEB_LEASE is below a second: working workers would lose"
                    " their runs."
                ),
                hint="Leave it at 4.",
                id="novaweb.E002",
            )
        )
    if not settings.NOVAWEB_CLOUDS:
        found.append(
            Error(
                "No cloud is configured.",
                hint="Set NOVAWEB_CLOUDS to names of clouds in clouds.yaml.",
                id="novaweb.E003",
            )
        )
    if settings.NOVAWEB_FULL_SCAN_HOUR not in range(24):
        found.append(
            Error(
                "NOVAWEB_FULL_SCAN_HOUR is no hour of the day.",
                hint="Give it a number from 0 to 23.",
                id="novaweb.E008",
            )
        )
    if not 0 < settings.NOVAWEB_SESSION_IDLE <= settings.NOVAWEB_SESSION_HOURS * 60:
        found.append(
            Error(
                "NOVAWEB_SESSION_IDLE is no span within NOVAWEB_SESSION_HOURS.",
                hint="Give it minutes, for instance 30, and the other hours, as 12.",
                id="novaweb.E030",
            )
        )
    if settings.NOVAWEB_REAUTHENTICATE < 0:
        found.append(
            Error(
                "NOVAWEB_REAUTHENTICATE is below 0.",
                hint="Give it minutes, for instance 15, or 0: no password again.",
                id="novaweb.E031",
            )
        )
    try:
        time.fromisoformat(settings.NOVAWEB_SPEED_AT or "00:00")
    except ValueError:
        found.append(
            Error(
                f"NOVAWEB_SPEED_AT is “{settings.NOVAWEB_SPEED_AT}”: no time of day.",
                hint="Write it as 03:30, or leave it empty.",
                id="novaweb.E006",
            )
        )
    for text in settings.NOVAWEB_PROBE_NETWORKS:
        try:
            ip_network(text, strict=False)
        except ValueError:
            found.append(
                Error(
                    f"NOVAWEB_PROBE_NETWORKS has “{text}”, which is no network.",
                    hint="Write 192.0.2.0/24 or 2001:db8::/64, with commas.",
                    id="novaweb.E007",
                )
            )
    return found


@register(OURS)
def pretend_cloud_is_allowed(**kwargs: Any) -> list[CheckMessage]:
    """Refuse a simulated cloud where nobody has said that one is wanted."""
    if "pretend" in settings.NOVAWEB_CLOUDS and not settings.NOVAWEB_ALLOW_PRETEND:
        return [
            Error(
                "The pretend cloud is configured: no real instance would be moved.",
                hint=(
                    "Set NOVAWEB_CLOUDS to names of clouds in clouds.yaml, or, to try"
                    " novaweb without a cloud, NOVAWEB_ALLOW_PRETEND to true."
                ),
                id="novaweb.E009",
            )
        ]
    return []


@register(OURS)
def ways_in_are_there(**kwargs: Any) -> list[CheckMessage]:
    """Warn about access files that are missing, unreadable or readable for all.

    The files are needed only where workers run.
    """
    ways = {
        "NOVAWEB_SSH": settings.NOVAWEB_SSH,
        "NOVAWEB_NOVA_DB": settings.NOVAWEB_NOVA_DB,
    }
    found: list[CheckMessage] = []
    for setting, paths in ways.items():
        for cloud, path in paths.items():
            if cloud not in settings.NOVAWEB_CLOUDS:
                found.append(
                    Warning(
                        f"{setting} names “{cloud}”, a cloud that is not configured.",
                        hint="Correct it, or add the cloud to NOVAWEB_CLOUDS.",
                        id="novaweb.W002",
                    )
                )
            secret = setting == "NOVAWEB_NOVA_DB"
            found += _fit(setting, Path(path), secret=secret)
    for path in settings.NOVAWEB_SSH.values():
        for key in _keys(Path(path)):
            found += _fit(f"The SSH configuration {path}", key, secret=True)
    return found


def _fit(named_by: str, path: Path, *, secret: bool) -> list[CheckMessage]:
    """Return a warning for a file that is unreadable, or readable for all."""
    try:
        with path.open("rb"):
            open_to_all = path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH)
    except OSError as error:
        return [
            Warning(
                f"{named_by} names {path}, which cannot be read ({error.strerror}).",
                hint="Put it there, readable for the account that runs novaweb.",
                id="novaweb.W003",
            )
        ]
    if secret and open_to_all:
        return [
            Warning(
                f"{path} holds a secret, and every account here may read it.",
                hint=f"chmod o= {path}",
                id="novaweb.W004",
            )
        ]
    return []


def _keys(config: Path) -> list[Path]:
    """Return the key files in an SSH configuration, except names with %."""
    try:
        text = config.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    named = re.findall(r'^\s*IdentityFile[\s=]+"?([^"\n%]+?)"?\s*$', text, re.I | re.M)
    return [Path(name).expanduser() for name in dict.fromkeys(named)]


@register(OURS)
def plans_are_sound(**kwargs: Any) -> list[CheckMessage]:
    """Check every procedure's plan; see unsound."""
    return [
        Error(sentence, id="novaweb.E004")
        for procedure in PROCEDURES.values()
        for sentence in unsound(procedure)
    ]


def unsound(procedure: type[Procedure]) -> list[str]:
    """Return what is wrong with a plan: keys, words, undo after no return."""
    wrong = []
    keys = [step.key for step in procedure.steps]
    if len(set(keys)) != len(keys):
        wrong.append(f"{procedure.name}: two steps have the same key.")
    for step in procedure.steps:
        if not type(step).__doc__:
            wrong.append(f"{procedure.name}: {step.key} has no sentence.")
        if not step.title:
            wrong.append(f"{procedure.name}: {step.key} has no title.")
    acts = [step for step in procedure.steps if isinstance(step, Act)]
    for number, act in enumerate(acts):
        if act.final and any(not later.final for later in acts[number + 1 :]):
            wrong.append(
                f"{procedure.name}: after {act.key}, the point of no return, there is"
                " a step that must be reversible."
            )
        if not act.final and not act.reversible:
            wrong.append(
                f"{procedure.name}: {act.key} cannot be undone and is not final."
            )
    return wrong


@register(Tags.database)
def audit_signatures_stand(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn about what workers found wrong with the proof of the audit trail."""
    tables = connection.introspection.table_names() if databases else []
    if AuditWatch._meta.db_table not in tables:
        return []
    found = signing.standing(timezone.now())
    if not found.alarming:
        return []
    hint = "manage.py verify_audit looks at all; docs/audit.md says what to do."
    return [Warning(found.sentence, hint=hint, id="novaweb.W009")]


@register(Tags.database)
def audit_is_append_only(
    databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Check in every migrated database that the triggers are those of novaweb."""
    table = AuditEntry._meta.db_table
    found: list[CheckMessage] = []
    for alias in databases or ():
        database = connections[alias]
        if table not in database.introspection.table_names():
            continue
        if wrong := triggers.unlike(database):
            found.append(
                Error(
                    "The audit trail can be changed: its triggers are missing, out of"
                    f" force or not novaweb's own ({', '.join(wrong)}).",
                    hint="Run manage.py migrate; if that was done, find out who changed"
                    " them.",
                    id="novaweb.E005",
                )
            )
    return found
