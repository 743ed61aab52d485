"""What is on the hosts at a drain's end although its plan did not foresee it.

Between the plan and the disabling Nova may have put new instances there, and people
may have sent some back since. Nobody approved to move them, so they are named.
"""

from __future__ import annotations

from typing import Any

from migrations_app.integrations.interfaces import Cloud as CloudPort
from migrations_app.integrations.interfaces import Server
from migrations_app.models import Drain
from migrations_app.models.states import RequestState

_GONE = {"DELETED", "SOFT_DELETED"}


def unplanned(drain: Drain, cloud: CloudPort) -> list[dict[str, Any]]:
    """Return, in the form of ``Drain.stays``, what is there and nobody has named.

    Asks Nova for the servers of each host, so it is called outside a transaction.
    Raises what the cloud raises.
    """
    moves = dict(drain.moves.values_list("instance", "state"))
    named = {each["instance"] for each in drain.stays if not each.get("arrived")}
    found = []
    for host in drain.hosts:
        for server in cloud.servers(host=host):
            # on its way elsewhere Nova may still have it here
            elsewhere = server.host != host and not server.unread
            if elsewhere or server.id in named or server.status in _GONE:
                continue
            state = moves.get(server.id)
            if state is None:
                found.append(_row(server, host, _CAME))
            elif state == RequestState.COMPLETED:
                found.append(_row(server, host, _BACK))
    return sorted(found, key=lambda each: (each["host"], each["name"]))


_CAME = (
    "It arrived on the host after the drain was planned, so its move is not approved.",
    "Request another drain of the host, or a separate move.",
)
_BACK = (
    "The drain moved it away, and somebody has moved it back.",
    "Find out who needs it there, then request a separate move.",
)


def _row(server: Server, host: str, said: tuple[str, str]) -> dict[str, Any]:
    sentence, way_out = said
    return {
        "instance": server.id,
        "name": server.name,
        "host": host,
        "sentence": sentence,
        "way_out": way_out,
        "arrived": True,
    }
