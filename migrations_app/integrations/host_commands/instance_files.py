"""What is on a host of one instance: its domain, its folder, and what is ours."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import paths
from migrations_app.integrations.interfaces import Command, Hosts, Move

NONE = "none"


@dataclass(frozen=True, slots=True)
class Census:
    """What a host has of the instance. ``domain`` is virsh's word, "none" for none.

    ``changed`` counts files written since the last copy of the folder began here,
    ``written`` those written since the folder was put in its place here. ``kept`` is
    what libvirt keeps of it that a manual move would lose: managed-save, snapshot.
    ``folder`` is None where the host does not say where its folders are.
    """

    host: str
    domain: str
    folder: bool | None
    beside: bool = False
    changed: int = 0
    written: int = 0
    free: int = 0
    kept: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """A domain of the instance is alive here."""
        return self.domain not in {NONE, "shut off"}


def census(hosts: Hosts, host: str, move: Move) -> Census:
    """Return what the host has of the instance now. Raises what ``run`` raises."""
    said = {}
    for line in hosts.run(host, command(move)).splitlines():
        name, _, value = line.partition(" ")
        said[name] = value
    try:
        return Census(
            host=host,
            domain=said["domain"],
            folder=said["folder"] == "yes",
            beside=said["beside"] == "yes",
            changed=int(said["changed"]),
            written=int(said["written"]),
            free=int(said["free"]),
            kept=tuple(said["kept"].split()),
        )
    except (KeyError, ValueError) as error:
        raise Blocked(
            f"{host} gave an answer that cannot be read: look at virsh and df there."
        ) from error


def command(move: Move) -> Command:
    """Return the command that says it. It changes nothing."""
    folder, beside = map(shlex.quote, (paths.folder(move), paths.beside(move)))
    notes = shlex.quote(paths.notes(move))
    return Command(
        "census",
        f"""all=$(virsh list --all --uuid)
domain={NONE}
case "$all" in
  *{move.server_id}*) domain=$(virsh domstate -- {move.server_id}) ;;
esac
newer() {{
  if [ -d {folder} ] && [ -e "$1" ]; then
    find {folder} -type f ! -name console.log -newer "$1" | wc -l
  else
    echo 0
  fi
}}
kept=
for what in managed-save snapshot; do
  with=$(virsh list --all --uuid "--with-$what")
  case "$with" in *{move.server_id}*) kept="$kept $what" ;; esac
done
echo "domain $(echo "$domain" | head -n 1)"
echo "kept$kept"
if [ -e {folder} ]; then echo folder yes; else echo folder no; fi
if [ -e {beside} ]; then echo beside yes; else echo beside no; fi
echo "changed $(newer {notes}/last/started)"
echo "written $(newer {notes}/placed)"
echo "free $(df -B1 --output=avail {shlex.quote(paths.instances(move))} | tail -n 1)"
""",
        {"server_id": move.server_id, "token": move.token},
        reads=True,
    )
