"""Which domains there are on a host, running or not."""

from __future__ import annotations

import re
from shlex import quote

from migrations_app.integrations.host_commands import namespaces
from migrations_app.integrations.interfaces import Command, Hosts

_LINE = re.compile(r"^\s*([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\s+(\S+)\s*$")
COMMAND = Command(
    "domains",
    f"{namespaces.TOOLS}at_libvirt virsh list --all --uuid --name\n",
    reads=True,
)


def domains(hosts: Hosts, host: str) -> dict[str, str]:
    """Return the host's domains: UUID -> name. Raises what ``run`` raises.

    Nova gives a domain the UUID of its instance.
    """
    found = map(_LINE.match, hosts.run(host, COMMAND).splitlines())
    return {each[1]: each[2] for each in found if each}


def state(hosts: Hosts, host: str, server_id: str) -> str:
    """Return virsh's word for the instance's domain there, or "none".

    Raises what ``run`` raises; a libvirt that does not answer has no word.
    """
    return hosts.run(host, state_command(server_id)).strip() or "unknown"


def state_command(server_id: str) -> Command:
    """Return the command that says it. It changes nothing."""
    return Command(
        "domain_state",
        f"""set +e
{namespaces.TOOLS}if ! all=$(at_libvirt virsh list --all --uuid); then exit 1; fi
case "$all" in
  *{quote(server_id)}*) at_libvirt virsh domstate -- {quote(server_id)} | head -n 1 ;;
  *) echo none ;;
esac
""",
        {"server_id": server_id},
        reads=True,
    )
