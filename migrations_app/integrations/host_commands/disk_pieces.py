"""Pieces of a disk's file, read on one host and compared with those on another.

The source chooses them: evenly over what its file itself holds, all of them where those
are few. The target reads the same. Of a qcow2 file that is what its guest finds there,
wherever in the file it lies; what the file below holds does not count. Nothing but this
one file is opened, as the format that it is said to have.
"""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import namespaces, qemu_image
from migrations_app.integrations.host_commands.disk_images import Image
from migrations_app.integrations.host_commands.host_survey_parser import sections
from migrations_app.integrations.interfaces import Command

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
PATIENCE = 30.0  # seconds that a host may take
# Size of pieces, and how many at most. Of a disk they are small, as each that its
# guest has written to since tells nothing. Nobody writes to what it stands on.
OWN, BELOW = (64 * KIB, 240), (MIB, 96)
# To list all parts of a large disk can take minutes, so it is listed in windows
# (qemu-img map --start-offset, since QEMU 5.2).
LARGE, WINDOWS, WINDOW = 16 * GIB, 48, 256 * MIB
ALL = 1 << 62  # the end of a window that is all of a file
_LINE = re.compile(
    r"([0-9]{1,18}) ([0-9]{1,18}) (data|zero|absent|unclear) ([0-9a-f]{64}|-)"
)
_WRITTEN = re.compile(
    r"\s*block\.(\d+)\.(?:(name)=(.+)|(wr\.reqs|wr\.bytes)=([0-9]{1,18}))"
)

# ``extents`` lists a file's parts as "START LENGTH KIND OFFSET", and says "end" last;
# ``read_pieces`` takes such lines and has the checksum where the offset was.
_WORDS = (
    f"set +e\n{namespaces.TOOLS}{qemu_image.WORDS}"
    + """heading() { echo "== $1"; }
extents() {
  { qemu_image map -U --output=json "$@" && echo end; } | awk '
    /^end$/ { print; next }
    match($0, /"start": [0-9]+/) {
      start = substr($0, RSTART + 9, RLENGTH - 9)
      match($0, /"length": [0-9]+/)
      size = substr($0, RSTART + 10, RLENGTH - 10)
      offset = "-"
      if (match($0, /"offset": [0-9]+/)) offset = substr($0, RSTART + 10, RLENGTH - 10)
      kind = "zero"
      if ($0 ~ /"data": true/) kind = offset == "-" ? "unclear" : "data"
      else if ($0 ~ /"present": false/) kind = "absent"
      else if ($0 !~ /"present"/) kind = "either" # before QEMU 6.1
      print start, size, kind, offset
    }'
}
read_pieces() {
  while read -r start size kind offset; do
    sum=-
    if [ "$kind" = data ]; then
      # what cannot be read must not pass for what is the same there
      sum=$({
        dd if="$file" bs=1M skip="$offset" count="$size" status=none \\
          iflag=skip_bytes,count_bytes,fullblock || echo "$$ $file"
      } | sha256sum | cut -c1-64)
    fi
    echo " $start $size $kind $sum"
  done
}
heading pieces
"""
)
# Every so manieth piece is kept, from all to ever fewer as they become too many.
_CHOOSE = """
  function thin(i, kept) {
    stride *= 2
    for (i = 1; i <= count; i++) if (index_[i] % stride == 0) {
      index_[++kept] = index_[i]; line[kept] = line[i]
    }
    count = kept
  }
  BEGIN { stride = 1 }
  $1 == "end" { ended++ }
  $3 == "unclear" && !unclear++ { print $1, $2, "unclear", "-" }
  $3 == "data" {
    pieces = int(($2 + piece - 1) / piece)
    for (j = (stride - seen % stride) % stride; j < pieces;
        j += stride - (seen + j) % stride) {
      at = j * piece
      size = $2 - at < piece ? $2 - at : piece
      index_[++count] = seen + j
      line[count] = sprintf("%.0f %.0f data %.0f", $1 + at, size, $4 + at)
      if (count > most) thin()
    }
    seen += pieces
  }
  END {
    for (i = 1; i <= count; i++) print line[i]
    if (ended < windows) print "unread"
  }
"""
_FIND = """
  $1 == "want" { start[++n] = $2; size[n] = $3; next }
  $1 == "end" { ended++; next }
  {
    for (; i < n && start[i + 1] < $1 + $2; i++) {
      kind = $3; offset = "-"; at = start[i + 1]
      if (kind == "either" || at < $1 || at + size[i + 1] > $1 + $2) kind = "unclear"
      else if (kind == "data") offset = sprintf("%.0f", $4 + at - $1)
      print at, size[i + 1], kind, offset
    }
  }
  END { if (ended < windows) print "unread" }
"""
_STRAIGHT = '$1 == "want" { print $2, $3, "data", $2 }'


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece: where it begins for the guest, its size in bytes, its SHA-256.

    ``kind``: data; zero: it is known to be nothing but noughts; absent: the file holds
    nothing there; unclear: it is compressed, or lies in several places.
    """

    start: int
    size: int
    kind: str
    sum: str

    @property
    def blank(self) -> bool:
        """It is nothing but noughts."""
        return self.kind == "zero" or self.sum == _nought(self.size)


@dataclass(frozen=True, slots=True)
class Written:
    """What a guest has written to a disk since its QEMU runs."""

    requests: int
    bytes: int

    def can_change(self, pieces: Sequence[Piece]) -> int:
        """Return how many of these pieces that can have changed at most.

        A write changes two in part, and all that lie between them. Of a raw file with
        many holes pieces are smaller than others.
        """
        least = min((piece.size for piece in pieces), default=OWN[0])
        return 2 * self.requests + self.bytes // max(1, least)


def choose(image: Image, *, below: bool = False) -> Command:
    """Return the command that chooses pieces of a file, and reads them.

    ``below``: a disk stands on it, so that its bytes count, whatever they mean.
    """
    piece, most = BELOW if below else OWN
    windows = list(_windows(image, below=below))
    values = f"-v piece={piece} -v most={most} -v windows={len(windows)}"
    return Command(
        "disk_pieces",
        f"""{_WORDS}file="$libvirt_root"{shlex.quote(image.path)}
{{
{_listed(image, windows, below=below)}}} | awk {values} \\
  {shlex.quote(_CHOOSE)} | read_pieces
heading end
""",
        {"path": image.path, "pieces": ""},
        reads=True,
    )


def read_at(
    image: Image, pieces: Sequence[Piece], *, below: bool = False, server_id: str = ""
) -> Command:
    """Return the command that reads these pieces of a file, in their order in it.

    With ``server_id`` it says what that guest has written until afterwards.
    """
    # the one of what is unclear, which the source tells first, may lie anywhere
    ordered = sorted(pieces, key=lambda piece: piece.start)
    wanted = "".join(f"want {piece.start} {piece.size}\n" for piece in ordered)
    if below or image.format == "raw":
        listed, found = "", shlex.quote(_STRAIGHT)
    else:
        windows = [
            (first, end)
            for first, end in _windows(image, below=below)
            if any(first <= piece.start < end for piece in pieces)
        ]
        listed = _listed(image, windows, below=below)
        found = f"-v windows={len(windows)} {shlex.quote(_FIND)}"
    stats = "true"
    if server_id:
        stats = f"at_libvirt virsh domstats --block -- {shlex.quote(server_id)}"
    return Command(
        "disk_pieces",
        f"""{_WORDS}file="$libvirt_root"{shlex.quote(image.path)}
{{
cat <<'NOVAWEB-PIECES'
{wanted}NOVAWEB-PIECES
{listed}}} | awk {found} | read_pieces
heading written
{stats} 2>/dev/null | sed 's/^/ /'
heading end
""",
        {"path": image.path, "pieces": wanted, "server_id": server_id},
        reads=True,
    )


def read(answer: str, image: Image, *, host: str) -> list[Piece]:
    """Return the pieces that the answer tells of.

    Raises Blocked when not all of the file's parts could be listed.
    """
    found = []
    for line in sections(answer).get("pieces", ["unread"]):
        said = _LINE.fullmatch(line)
        if said is None:
            raise Blocked(
                f"qemu-img on {host} did not list what {image.path} holds as"
                f" {image.format}: try qemu-img map there."
            )
        start, size, kind, checksum = said.groups()
        found.append(Piece(int(start), int(size), kind, checksum))
    return found


def read_written(answer: str) -> dict[str, Written]:
    """Return what the guest has written to each of its disks: vda, vdb, …

    Empty when it does not run.
    """
    disks: dict[str, dict[str, str]] = {}
    for line in sections(answer).get("written", []):
        if said := _WRITTEN.fullmatch(line):
            named, of = said[2] or said[4], said[3] or said[5]
            disks.setdefault(said[1], {})[named] = of
    return {
        each["name"]: Written(int(each["wr.reqs"]), int(each["wr.bytes"]))
        for each in disks.values()
        if each.keys() == {"name", "wr.reqs", "wr.bytes"}
    }


def _windows(image: Image, *, below: bool) -> Iterator[tuple[int, int]]:
    """Return from where to where a file is listed; one of all, if it is not large."""
    whole = image.virtual_size or 0
    if below or image.format == "raw" or min(image.taken, whole) <= LARGE:
        yield 0, ALL
        return
    for number in range(WINDOWS):
        first = whole * number // WINDOWS // MIB * MIB
        yield first, first + WINDOW


def _listed(image: Image, windows: Sequence[tuple[int, int]], *, below: bool) -> str:
    """Return the lines of shell that list these windows of a file.

    No file below it is opened, and none is looked for: "backing" is null.
    """
    opened: dict[str, object] = {
        "driver": "raw" if below else image.format,
        "file": {"driver": "file", "filename": image.path},
    }
    if opened["driver"] != "raw":
        opened["backing"] = None
    name = shlex.quote(f"json:{json.dumps(opened)}")
    return "".join(
        f"extents -- {name}\n"
        if end == ALL
        else f"extents --start-offset={first} --max-length={end - first} -- {name}\n"
        for first, end in windows
    )


@cache
def _nought(size: int) -> str:
    return hashlib.sha256(bytes(size)).hexdigest()
