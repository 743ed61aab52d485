"""QEMU keeps track of what a guest writes to its disks, while they are copied.

A persistent dirty bitmap (docs/interop/bitmaps.rst of QEMU 7.2) says which parts of a
disk its guest has written to since the bitmap was made. QEMU writes it into the qcow2
file when it ends well. It is made in QEMU itself and not as a checkpoint of libvirt:
libvirt undefines no domain that is off and has one unless it is told to drop it, and
Nova does not tell it (nova/virt/libvirt/guest.py, delete_configuration, 34.0).

A bitmap says what the guest wrote, not which bytes of the file changed: QEMU may move
into the file what it read below it. So what the file had where is listed beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

from migrations_app.integrations.host_commands import (
    host_survey_parser,
    paths,
    qemu_image,
)
from migrations_app.integrations.interfaces import Command, Move

PATIENCE = 60.0  # seconds that a host may take for all disks
GRANULARITY = 64 << 10  # bytes; the finest that QEMU takes for its own choice
FOLDER = "bitmaps"  # of the notes: what each tracked disk's file had where
_NODE = re.compile(r"[A-Za-z0-9#_.-]{1,64}")
_OFF = ("shut off", "none")

# ``open_alone FILE`` names a qcow2 file so that nothing below it is opened. ``placed
# FILE`` lists what is stored in it, and where, as "START END OFFSET": guest's bytes,
# offset in the file. What is compressed or encrypted has no such place. ``unmark FILE
# NAME`` removes a bitmap from the file of a guest that is off.
WORDS = f"""{qemu_image.HERE}open_alone() {{
  echo 'json:{{"driver":"qcow2","backing":null,"file":{{"driver":"file","filename":"'"$1"'"}}}}'
}}
extents() {{
  awk '
    match($0, /"start": [0-9]+/) {{
      start = substr($0, RSTART + 9, RLENGTH - 9)
      match($0, /"length": [0-9]+/)
      size = substr($0, RSTART + 10, RLENGTH - 10)
      offset = "-"
      if (match($0, /"offset": [0-9]+/)) offset = substr($0, RSTART + 10, RLENGTH - 10)
      if ($0 ~ /"compressed": true/) offset = "-"
      data = $0 ~ /"data": true/ ? "data" : "none"
      printf "%.0f %.0f %s %s\\n", start, start + size, offset, data
    }}'
}}
unmark() {{
  [ -z "$(why_not qcow2 "$1")" ] || return 1
  qemu_image bitmap --remove -- "$(open_alone "$1")" "$2"
}}
placed() {{
  [ -z "$(why_not qcow2 "$1")" ] || return 1
  listed=$(mktemp)
  status=0
  qemu_image map -U --output=json -- "$(open_alone "$1")" >"$listed" || status=$?
  extents <"$listed" | sed -n 's/ data$//p' | grep -v -e '-$' || true
  rm -f "$listed"
  return "$status"
}}
"""  # noqa: E501


def tracked(move: Move) -> list[str]:
    """Return the names of the disks whose writes are tracked while they are copied.

    By the domain's word they are qcow2 files in the instance's folder. A guest that is
    off writes nothing. Where the network's use is limited rsync copies the changes,
    which compares all.
    """
    if not move.facts.get("running") or move.options.get("bandwidth"):
        return []
    return list(move.facts.get("tracked", []))


def name(move: Move) -> str:
    """Return the name of the bitmap in each of the disks."""
    return f"novaweb-{move.token}"


@dataclass(frozen=True, slots=True)
class Tracking:
    """How it stands on the source.

    ``begun``: it was tried, and is not tried again. ``nodes`` has the node of each
    tracked disk in QEMU, where it runs; ``in_qemu`` the nodes, and ``in_files`` the
    disks of a guest that is off, that have a bitmap of this move. ``unknown`` names
    what could not be found out; empty where all could.
    """

    begun: bool
    nodes: Mapping[str, str]
    in_qemu: tuple[str, ...]
    in_files: tuple[str, ...]
    unknown: str = ""


def look(move: Move) -> Command:
    """Return the command that says how it stands. It changes nothing."""
    disks = " ".join(quote(each) for each in tracked(move))
    asked = '{"execute":"query-named-block-nodes","arguments":{"flat":true}}'
    return _command(
        "bitmaps_look",
        move,
        f"""set +e
{WORDS}heading() {{ echo "== $1"; }}
said() {{ sed 's/^/ /'; }}
folder={quote(paths.folder(move))}
heading begun
if [ -e {_notes(move)}/{FOLDER} ]; then echo ' yes'; fi
heading state
state=unknown
if all=$(virsh list --all --uuid); then
  case "$all" in
    *{move.server_id}*) state=$(virsh domstate -- {move.server_id} | head -n 1) ;;
    *) state=none ;;
  esac
fi
printf ' %s\\n' "$state"
heading nodes
case "$state" in
  {"|".join(f'"{each}"' for each in _OFF)})
    for disk in {disks}; do
      heading "info $disk"
      if [ ! -e "$folder/$disk" ]; then
        echo ' missing'
      elif [ -z "$(why_not qcow2 "$folder/$disk")" ]; then
        qemu_image info -f qcow2 --output=json -- "$folder/$disk" | said
      fi
    done ;;
  *) timeout {qemu_image.SECONDS} \\
    virsh qemu-monitor-command -- {move.server_id} {quote(asked)} | said ;;
esac
heading end
""",
        reads=True,
    )


def read(answer: str, move: Move) -> Tracking:
    """Return what the answer to ``look`` says. Raises Blocked if it is no answer."""
    said = host_survey_parser.sections(answer)
    begun = "yes" in said["begun"]
    if "".join(said.get("state", [])).strip() in _OFF:
        infos = {disk: said.get(f"info {disk}", []) for disk in tracked(move)}
        found = {disk: _in_file(info, move) for disk, info in infos.items()}
        unread = ", ".join(disk for disk, has in found.items() if has is None)
        return Tracking(
            begun, {}, (), tuple(d for d, has in found.items() if has), unread
        )
    try:
        nodes = list(_nodes("\n".join(said.get("nodes", []))))
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return Tracking(begun, {}, (), (), "what QEMU has open")
    disks = {f"{paths.folder(move)}/{disk}": disk for disk in tracked(move)}
    return Tracking(
        begun,
        {disks[path]: node for node, kind, path, _ in nodes if kind and path in disks},
        tuple(dict.fromkeys(node for node, _, _, has in nodes if name(move) in has)),
        (),
    )


def _nodes(answer: str) -> Iterator[tuple[str, bool, str, list[str]]]:
    """Yield node, whether it is qcow2, its file, and the names of its bitmaps."""
    for each in json.loads(answer)["return"]:
        node = str(each["node-name"])
        if _NODE.fullmatch(node):
            # those that libvirt makes for its own jobs have no name
            has = [str(one.get("name", "")) for one in each.get("dirty-bitmaps", [])]
            yield node, each["drv"] == "qcow2", str(each.get("file", "")), has


def _in_file(info: Sequence[str], move: Move) -> bool | None:
    """Tell whether a file has the bitmap; None: it was not to be found out."""
    if info == ["missing"]:
        return False
    try:
        data: dict[str, Any] = json.loads("\n".join(info))["format-specific"]["data"]
        return any(each["name"] == name(move) for each in data.get("bitmaps", []))
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return None


def track(move: Move, nodes: Mapping[str, str]) -> Command:
    """Afterwards these disks have the bitmap, and what their files have is listed.

    It answers a line for each disk: its name, then "tracked", or why it is not. Once
    the warm copy has begun none is made: it would not know what was written before.
    """
    asked = "".join(
        f"track {quote(disk)} {quote(_add(move, node))}\n"
        for disk, node in sorted(nodes.items())
    )
    return _command(
        "bitmaps_track",
        move,
        f"""{WORDS}umask 077
mkdir -p {_notes(move)}
cd {_notes(move)}
if [ -e {FOLDER} ]; then exit 0; fi
rm -rf {FOLDER}.new
mkdir {FOLDER}.new
track() {{
  said=$(timeout {qemu_image.SECONDS} \\
    virsh qemu-monitor-command -- {move.server_id} "$2" 2>&1) || true
  case "$said" in
    *'"return"'*|*'already exists'*)
      if placed {quote(paths.folder(move))}/"$1" >{FOLDER}.new/"$1"; then
        echo "$1 tracked"
      else
        rm -f {FOLDER}.new/"$1"
        echo "$1 qemu-img cannot list what its file holds"
      fi ;;
    *) printf '%s %s\\n' "$1" "$(printf '%s' "$said" | tr -d '\\n' \\
      | sed 's/.*"desc": *"\\([^"]*\\).*/\\1/' | cut -c -200)" ;;
  esac
}}
if [ ! -e warm ]; then
{asked or ":"}
fi
mv {FOLDER}.new {FOLDER}
""",
    )


def untrack(move: Move, found: Tracking) -> Command:
    """Afterwards neither QEMU nor the files have the bitmaps that were found."""
    remove = "".join(
        f"""said=$(timeout {qemu_image.SECONDS} \\
  virsh qemu-monitor-command -- {move.server_id} {quote(_remove(move, node))})
case "$said" in
  *'"return"'*|*'not found'*) ;;
  *) printf '%s\\n' "$said" >&2; exit 1 ;;
esac
"""
        for node in found.in_qemu
    )
    files = "".join(
        f"unmark {quote(f'{paths.folder(move)}/{disk}')} {name(move)}\n"
        for disk in found.in_files
    )
    return _command("bitmaps_untrack", move, f"{WORDS}{remove}{files}")


def _add(move: Move, node: str) -> str:
    more = {"persistent": True, "granularity": GRANULARITY}
    return _qmp("add", {"node": node, "name": name(move), **more})


def _remove(move: Move, node: str) -> str:
    return _qmp("remove", {"node": node, "name": name(move)})


def _qmp(verb: str, arguments: dict[str, Any]) -> str:
    asked = {"execute": f"block-dirty-bitmap-{verb}", "arguments": arguments}
    return json.dumps(asked, separators=(",", ":"))


def _notes(move: Move) -> str:
    return quote(paths.notes(move))


def _command(label: str, move: Move, text: str, *, reads: bool = False) -> Command:
    words = {
        "server_id": move.server_id,
        "token": move.token,
        "disks": "\n".join(tracked(move)),
    }
    return Command(label, text, words, reads=reads)
