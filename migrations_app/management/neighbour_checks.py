"""What ``check --deploy`` and a starting worker say of accounts that may too much.

Nova's database is asked, so these have a tag of their own: a process that only wants
its settings checked waits for no neighbour.
"""

from __future__ import annotations

import threading
from typing import Any

import structlog
from django.conf import settings
from django.core.checks import CheckMessage, Info, Warning, register

from migrations_app.errors import WorldError
from migrations_app.integrations import connect

log = structlog.get_logger(__name__)
NEIGHBOURS = "neighbours"


@register(NEIGHBOURS, deploy=True)
def clouds_are_asked_safely(**kwargs: Any) -> list[CheckMessage]:
    """Warn about clouds that are asked without TLS, or without a look at whom."""
    found: list[CheckMessage] = []
    for name in settings.NOVAWEB_CLOUDS:
        try:
            sentences = connect.unsafe_settings(name)
        except WorldError as error:
            sentence = f"Whether cloud {name} is asked safely is not known."
            found.append(Info(sentence, hint=error.sentence, id="novaweb.I051"))
            continue
        hint = "Use https:// and, for an authority of your own, cacert: PATH."
        found += [Warning(each, hint=hint, id="novaweb.W055") for each in sentences]
    return found


@register(NEIGHBOURS, deploy=True)
def database_accounts_may_little(**kwargs: Any) -> list[CheckMessage]:
    """Warn about an account in Nova's database that may more than "manual" needs."""
    # here: web processes register checks, too, and do not load the ways in
    from migrations_app.integrations import ways_in

    found: list[CheckMessage] = []
    for name in settings.NOVAWEB_NOVA_DB:
        try:
            more = ways_in.database_rights_beyond(name)
        except WorldError as error:
            sentence = (
                f"What novaweb's account in Nova's database of cloud {name} may is not"
                " known."
            )
            found.append(Info(sentence, hint=error.sentence, id="novaweb.I053"))
            continue
        if more:
            found.append(
                Warning(
                    f"novaweb's account in Nova's database of cloud {name} may more"
                    f" than it needs: {'; '.join(more)}.",
                    hint="Drop it, and make it with deploy/nova-db.sql.",
                    id="novaweb.W052",
                )
            )
    return found


def tell_beside() -> None:
    """Write what they find to the log, in a thread: a worker waits for nobody."""
    threading.Thread(target=tell, daemon=True, name="neighbours").start()


def tell() -> None:
    """Write what they find to the log."""
    from migrations_app.management.credential_checks import credentials_of_clouds_end
    from migrations_app.management.redis_checks import redis_lets_novaweb_in

    checks = (
        clouds_are_asked_safely,
        database_accounts_may_little,
        credentials_of_clouds_end,
        redis_lets_novaweb_in,
    )
    for check in checks:
        for message in check():
            write = log.warning if message.is_serious(30) else log.info
            write(message.msg, hint=message.hint, check=message.id)
