"""Whether what a pre-flight read of a move has changed within seconds.

Compared is all that Nova tells of the instance, its records of the instance's moves,
and the services of both hosts. These are the answers that change when somebody stops,
locks, resizes or moves the instance, or disables a host.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any

from migrations_app.integrations.interfaces import Cloud, Migration, Server, Service
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.questions import asking


def of_facts(facts: Facts, target: str | None) -> str:
    """Return the fingerprint of what was read; empty if a part of it is not known."""
    source = facts.services.get(facts.server.host or "")
    there = facts.services.get(target or "")
    if source is None or there is None or "migrations" in facts.unread:
        return ""
    return _fingerprint(facts.server, [source, there], facts.migrations)


def look(cloud: Cloud, server_id: str, *, source: str, target: str) -> str:
    """Return the fingerprint of how it is now, asked side by side.

    Raises what the cloud raises.
    """
    with asking(cloud.at_once) as ask:
        server = ask(lambda: cloud.server(server_id))
        services = [ask(partial(cloud.service, host)) for host in (source, target)]
        migrations = ask(lambda: cloud.migrations(server_id))
        return _fingerprint(server(), [it() for it in services], migrations())


def _fingerprint(
    server: Server, services: Iterable[Service], migrations: Iterable[Migration]
) -> str:
    """Return a SHA-256, in hexadecimal. When a service was last heard is not in it."""
    heard = [replace(service, updated_at=None) for service in services]
    told = _plain([server, heard, list(migrations)])
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Return the value as JSON has it, so that equal ones read the same anywhere."""
    if is_dataclass(value):
        return {
            it.name: _plain(getattr(value, it.name))
            for it in fields(value)
            if it.compare
        }
    if isinstance(value, Mapping):
        return {str(name): _plain(it) for name, it in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(it) for it in value]
    return value
