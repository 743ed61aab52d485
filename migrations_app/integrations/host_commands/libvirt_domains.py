"""Which domains there are on a host, running or not."""

from __future__ import annotations

import re

from migrations_app.integrations.interfaces import Command, Hosts

_LINE = re.compile(r"^\s*([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\s+(\S+)\s*$")
COMMAND = Command("domains", "virsh list --all --uuid --name", reads=True)


def domains(hosts: Hosts, host: str) -> dict[str, str]:
    """Return the host's domains: UUID -> name. Raises what ``run`` raises.

    Nova gives a domain the UUID of its instance.
    """
    found = map(_LINE.match, hosts.run(host, COMMAND).splitlines())
    return {each[1]: each[2] for each in found if each}
