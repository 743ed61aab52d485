"""The ways into hosts and Nova's database: the only importer of their adapters.

For workers. A web process has none of their keys, and import-linter holds that pages
and API do not reach this module. Each client is loaded with the first cloud that needs
it.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings

from migrations_app.integrations.interfaces import Hosts, NovaDb


@cache
def hosts(cloud: str) -> Hosts | None:
    """Return the way into the cloud's hosts; None where none is configured."""
    config = settings.NOVAWEB_SSH.get(cloud)
    if not config:
        return None
    from migrations_app.integrations.adapters.ssh import SshHosts

    return SshHosts(Path(config))


@cache
def nova_db(cloud: str) -> NovaDb | None:
    """Return the way into the cloud's database of Nova; None where none is."""
    options = settings.NOVAWEB_NOVA_DB.get(cloud)
    if not options:
        return None
    from migrations_app.integrations.adapters.nova_database import MySqlNovaDb

    return MySqlNovaDb(Path(options))


def database_rights_beyond(cloud: str) -> list[str]:
    """Return what the account in that cloud's database of Nova may beyond the need.

    None is configured: nothing. Raises WorldErrors when it could not be asked.
    """
    options = settings.NOVAWEB_NOVA_DB.get(cloud)
    if not options:
        return []
    from migrations_app.integrations.adapters.nova_database import rights_beyond

    return rights_beyond(Path(options))
