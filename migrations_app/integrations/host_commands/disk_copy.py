"""How disks get from host to host: backing files, and a warm pass (``last_pass``).

rsync over SSH from the source straight to the target, as the article does it, but
sparse and compressed, resumable, and verified. Figures: ``python -m bench.copy``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from shlex import quote

from migrations_app.integrations.host_commands import block_copy, paths
from migrations_app.integrations.host_commands.detached_job import Job
from migrations_app.integrations.interfaces import Move

# What the jobs end with beside rsync's own words.
DIFFERS = 90  # the target has another file under this name, or other content
FULL = 11  # rsync: error in file I/O; nearly always a full disk
LOST = 12  # rsync: error in its protocol data stream; ours, where it says no more
# Worth another try: the connection, or the host at its other end, went away, or a
# program was ended (137: by SIGKILL, as where memory is short).
_CUT = frozenset({10, LOST, 20, 30, 35, 137, 143, 255})

SSH = (
    "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=10"
    " -o ServerAliveInterval=10 -o ServerAliveCountMax=3"
)
# For after ``ssh=``: the ciphers that cost least come first, and all that this OpenSSH
# takes come after them, since hosts may have forbidden AES-128. Before 8.1 it knows no
# such list and chooses by itself.
PREFER = """first=Ciphers=^aes128-gcm@openssh.com,aes128-ctr
if ssh -G -o "$first" -- host >/dev/null 2>&1; then ssh="$ssh -o $first"; fi
"""
# ``plain FOLDER`` ends the job where a folder holds what Nova puts into none. A link
# would be written through on the target, as root; what comes after a line feed in a
# name would be taken for another file. ``own FILE`` ends it where a backing file is a
# link: what it leads to would be read as root.
ODD = """plain() {
  odd=$(LC_ALL=C find "$1" \\( ! -type f ! -type d -o -name '*\n*' \\) | head -n 1)
  if [ -z "$odd" ]; then return; fi
  echo "$odd is neither a plain file nor a folder: have it moved away" >&2
  exit 1
}
own() {
  if [ -f "$1" ] && [ ! -L "$1" ]; then return; fi
  echo "$PWD/$1 is no plain file: have it moved away" >&2
  exit 1
}
"""
# What ssh says where trying again does not help; not rsync's "Permission denied (13)".
_REFUSED = re.compile(
    r"^Unable to negotiate|no matching .* found|Host key verification failed"
    r"|: Permission denied \([a-z]|Bad configuration option|Bad SSH2 cipher spec"
)


def cut(status: int | None, said: Iterable[str]) -> bool:
    """Tell whether a job that ended so is worth another try.

    ``said`` are the last lines of what it complained of.
    """
    if status in {LOST, 255} and any(_REFUSED.search(line) for line in said):
        return False
    return status in _CUT


def head(move: Move) -> str:
    """Return what all jobs begin with: how the target is reached, and how copied.

    One connection carries all of a job: a new handshake takes up to half a second each
    time. It is not to hold the job's lock (descriptor 9) for as long as it lingers.
    """
    limit = move.options.get("bandwidth")  # Mbit/s; rsync counts KiB/s
    bwlimit = f" --bwlimit={max(1, int(limit) * 122)}" if limit else ""
    return f"""rm -f line
ssh={quote(SSH)}" -o ControlMaster=auto -o ControlPath=$PWD/line"
{PREFER}{ODD}ssh="$ssh -o ControlPersist=30"
target={quote(str(move.target))}
there() {{ $ssh -- "$target" "$1" </dev/null 9>&-; }}
copy() {{
  rsync -a --no-links --no-D --outbuf=L --info=progress2 --no-inc-recursive \\
    --timeout=60{bwlimit} -e "$ssh" "$@"
}}
compressed() {{
  if rsync --version | grep -q zstd && there 'rsync --version' | grep -q zstd; then
    echo --compress --compress-choice=zstd --compress-level=1
  fi
}}
cat >words <<'NOVAWEB-WORDS'
{block_copy.words(move)}NOVAWEB-WORDS
. ./words
words=$(cat words)
# what both hosts know of the above
with() {{ $ssh -- "$target" "$words
by=$by
$1" 9>&-; }}
agree() {{
  by=$(best)
  if [ "$(with best </dev/null)" != "$by" ]; then by=sha; fi
}}
job=$PWD
"""


def base(move: Move) -> Job:
    """Afterwards the target has every backing file, with the source's content.

    Holes are neither read nor sent. One that is there already is compared, and never
    replaced: other guests may stand on it. A new one gets its name when it is whole;
    where that is known to be taken, another one (``paths.base_there``).
    """
    script = "".join(_one_base(move, path) for path in paths.bases(move))
    return Job(move, "base", f"{head(move)}agree\n{script}", words(move))


def _one_base(move: Move, path: str) -> str:
    around, name = (quote(part) for part in os.path.split(path))
    placed = paths.base_there(move, path)
    its_name = quote(os.path.basename(placed))
    suffix = f".novaweb-{move.token}"
    part, above = quote(f"{path}{suffix}"), quote(paths.instances(move))
    make = (
        f"test -d {around} || {{ mkdir -p {around}"
        f" && chown --reference={above} {around}; }}"
    )
    place = (
        f"sync {part}; chown --reference={around} {part};"
        f" mv -n {part} {quote(placed)}; rm -f {part}"
    )
    # the target's file may have another name, which what it says must not show
    list_there = f"cd {around}; data {its_name} | sed 's/ '{its_name}'$/ '{name}'/'"
    hash_there = (
        f"cd {around}; stat -c %s {its_name}"
        f"; sed 's/ '{name}'$/ '{its_name}'/' | hashed"
        f" | sed 's/ '{its_name}'$/ '{name}'/'"
    )
    if move.options.get("bandwidth"):
        # rsync ends well only if both ends have the same checksum of the whole file
        bring = f'copy -S $(compressed) -- {name} "$target":{part}'
    else:
        bring = f"""hashed <"$job/pieces" >"$job/here" &
  send <"$job/data" | with {quote(block_copy.take(around, suffix))} >"$job/sent"
  wait $!
  sed 's/{suffix}$//' "$job/sent" >"$job/there"
  same"""
    return f"""cd {around}
own {name}
data {name} >"$job/data"
listed() {{
  awk '{{ print int($2 / {block_copy.SIZE}), $4 }}' "$job/data" | sort -u >"$job/pieces"
}}
same() {{
  if cmp -s "$job/here" "$job/there"; then return; fi
  echo {quote(path)} on "$target has another size or checksum than here" >&2
  exit {DIFFERS}
}}
if there {quote(f"test -e {quote(placed)}")}; then
  # what either has of data; the rest of both is nothing
  with {quote(list_there)} </dev/null >>"$job/data"
  listed
  with {quote(hash_there)} <"$job/pieces" >"$job/there" &
  {{ stat -c %s {name}; hashed <"$job/pieces"; }} >"$job/here"
  wait $!
  same
else
  listed
  there {quote(make)}
  {bring}
  there {quote(place)}
fi
cd "$job"
"""


def warm(move: Move) -> Job:
    """Afterwards the target has, beside its place, nearly all of the folder.

    What it has is safe on its disk, and the hashes of its pieces are in ``pieces``.
    """
    beside = quote(paths.beside(move))
    return Job(
        move,
        "warm",
        f"""rm -f pieces
{head(move)}plain {quote(paths.folder(move))}
agree
copy -S $(compressed) --delete -- {quote(paths.folder(move))}/ "$target":{beside}/
there {quote(f"sync -f {beside}")}
with {quote(block_copy.hash_all(beside))} </dev/null >pieces.new
echo "$by" >by
mv pieces.new pieces
""",
        words(move),
    )


def words(move: Move) -> dict[str, str]:
    """Return the words that a job between the two hosts has."""
    return {"server_id": move.server_id, "target": str(move.target)}
