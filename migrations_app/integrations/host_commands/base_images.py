"""What the backing files hold that each host makes by itself.

Nova creates the backing file of an ephemeral and of a swap disk on each host
separately, by mkfs and mkswap, so two hosts have files of one name and of other
content. Whether two are the same is told by SHA-256: of the first 8 MiB, where file
systems keep their UUID, and of the whole. Holes are not read, and pieces of nothing but
noughts do not count, so that a copy whose holes are elsewhere is the same.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from posixpath import basename

from migrations_app.integrations.interfaces import Base, Command, Guest

# How Nova names them (nova/virt/libvirt/driver.py, _create_images_and_backing).
MADE = ("ephemeral", "swap")
# Nova's names of the disks that stand on them.
_DISKS = ("disk.eph", "disk.local", "disk.swap")
PATIENCE = 12  # seconds for reading all files; a command's answer may take 20
_PIECE = 8 << 20  # bytes; a smaller one costs more processes
_LINE = re.compile(r"(missing|[0-9]{1,18}) ([0-9a-f]{64}|-) ([0-9a-f]{64}|-) (.+)")
_MAP = (
    r's/.*"start": \([0-9]*\), "length": \([0-9]*\),.*"data": \([a-z]*\).*/\1 \2 \3/p'
)

# Missing is only what its folder has not, and that can be searched; Nova makes that
# folder, but not the one around it: where there is none of that, Nova's files are
# elsewhere. Heads come first, since two that differ have proved all that is asked. A
# piece that cannot be read, or a map that does not tell of the whole file, ends all,
# lest it pass for another content. The last piece is filled up with noughts.
_READ = f"""gone() {{
  up=${{1%/*}}
  [ -e "$up" ] || [ -L "$up" ] || up=${{up%/*}}
  [ ! -e "$1" ] && [ ! -L "$1" ] && [ -d "$up" ] && [ -x "$up" ]
}}
bounded() ( ulimit -v 1048576; qemu-img "$@" )
sum() {{ sha256sum | cut -c1-64; }}
piece() {{
  dd if="$1" bs={_PIECE} skip="$2" count=1 iflag=fullblock conv=sync 2>/dev/null ||
    kill $$
}}
for file; do
  if gone "$file"; then
    echo "missing - - $file"
  elif [ -r "$file" ]; then
    echo "$(stat -L -c %s -- "$file") $(piece "$file" 0 | sum) - $file"
  fi
done
nought=$(head -c {_PIECE} /dev/zero | sha256sum)
for file; do
  if [ -e "$file" ] && map=$(bounded map -U -f raw --output=json -- "$file"); then
    size=$(stat -L -c %s -- "$file")
    whole=$(echo "$map" | sed -n '{_MAP}' | awk -v size="$size" '
      {{
        told += $2
        if ($3 == "true") for (i = int($1 / {_PIECE}); i * {_PIECE} < $1 + $2; i++)
          if (!seen[i]++) print i
      }}
      END {{ if (told < size) print "unclear" }}
    ' | while read -r number; do
      if [ "$number" = unclear ]; then kill $$; fi
      it=$(piece "$file" "$number" | sha256sum)
      [ "$it" = "$nought" ] || echo "$number $it"
    done | sum)
    echo "$size $(piece "$file" 0 | sum) $whole $file"
  fi
done
"""


def of(guest: Guest) -> dict[str, str]:
    """Return the paths of such files below a guest's disks, each with the disk's path.

    They are found by the disks' own chains. Only what libvirt takes for qcow2 has one:
    what a guest wrote to the begin of a raw disk is its own affair.
    """
    return {
        path: disk.source
        for disk in guest.disks
        if disk.kind == "file" and disk.format == "qcow2"
        for path in disk.chain
        if basename(path).startswith(MADE)
    }


def unread(guest: Guest) -> bool:
    """Tell whether an ephemeral or swap disk did not say on what it stands."""
    return any(
        disk.kind == "file"
        and disk.format == "qcow2"
        and basename(disk.source).startswith(_DISKS)
        and (disk.unread or not disk.virtual_size)
        for disk in guest.disks
    )


def look_at(paths: Sequence[str]) -> Command:
    """Return the command that says what these files hold, within ``PATIENCE``.

    Of each it writes a line, and another one when it has read more: the size or
    "missing", both checksums ("-": not read), the path. A file that cannot be read has
    no line.
    """
    names = " ".join(shlex.quote(path) for path in paths)
    return Command(
        "survey_bases",
        f"""set +e
timeout {PATIENCE} sh -c {shlex.quote(_READ)} sh {names} 2>/dev/null
true
""",
        {"paths": "\n".join(paths)},
        reads=True,
    )


def read(answer: str) -> dict[str, Base]:
    """Return what the answer to ``look_at`` says; what was not read is not in it."""
    found = {}
    for line in answer.splitlines():
        if said := _LINE.fullmatch(line):
            size, head, whole, path = said.groups()
            found[path] = Base(
                None if size == "missing" else int(size),
                head.strip("-"),
                whole.strip("-"),
            )
    return found


def same(one: Base | None, other: Base | None) -> bool | None:
    """Tell whether two files hold the same; None: not known.

    A difference is proved by the size or the begin, sameness by the whole alone. A
    file that is not there is known to hold nothing, so it differs from any.
    """
    if one is None or other is None:
        return None
    if one.size != other.size:
        return False
    if one.size is None:
        return None  # there is nothing to compare: it vanished
    if one.head and other.head and one.head != other.head:
        return False
    return one.whole == other.whole if one.whole and other.whole else None
