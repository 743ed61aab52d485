"""How a copied folder gets what was written since the warm pass, and how it is proven.

The instance is off. Of disks whose writes QEMU tracked only what was written is read
and sent; of all else each piece is hashed on the source, and on the target after it was
last written. What of the tracked disks was not read then is compared with what the
target had before the guest started there, once it runs there.
"""

from __future__ import annotations

import re
from shlex import quote

from migrations_app.integrations.host_commands import (
    block_copy,
    changed_ranges,
    dirty_bitmaps,
    disk_copy,
    paths,
)
from migrations_app.integrations.host_commands.detached_job import Job, JobState
from migrations_app.integrations.interfaces import Move

_SAID = re.compile(r"(tracked|compared): (.{1,200})")

# ``of_known``: those of its lines ("INDEX NAME") that are of a disk in the file that
# ``$known`` names; ``of_others``: the others; ``sums_of_known``: with a hash before.
_SORTED_OUT = """known_or_not() {
  awk -v known="$known" -v wanted="$1" -v before="$2" '
    BEGIN { while ((getline name < known) > 0) is_known[name] = 1 }
    { name = $0; for (i = 0; i < before; i++) sub(/^[^ ]* /, "", name) }
    (name in is_known) == wanted'
}
of_known() { known_or_not 1 1; }
of_others() { known_or_not 0 1; }
sums_of_known() { known_or_not 1 2; }
"""


def last(move: Move) -> Job:
    """Afterwards the target has all of the folder.

    What of it was not compared by checksum is in ``proof``, piece by piece as the
    target had it. Where much differs of what is not tracked, and where the network's
    use is limited, rsync writes what differs, and the target hashes everything again.
    It says of each disk that could be tracked which way it went; ``read_ways``.
    """
    folder, beside = quote(paths.folder(move)), quote(paths.beside(move))
    hash_there = f"with {quote(block_copy.hash_all(beside))} </dev/null"
    limited = " || true" if move.options.get("bandwidth") else ""
    tracked = dirty_bitmaps.tracked(move)
    find = _find_changes(move, tracked) if tracked else ""
    return Job(
        move,
        "last",
        f"""rm -f way proof ways
: >known
known=$PWD/known
{find}touch started
{disk_copy.head(move)}plain {folder}
{_SORTED_OUT}if [ -e ../warm/pieces ]; then by=$(cat ../warm/by); else agree; fi
target_has() {{
  # what the target hashed is true until something is written there
  if mv ../warm/pieces there 2>/dev/null; then return; fi
  : >there
  if there {quote(f"test -d {beside}")}; then {hash_there} >there; fi
}}
compare() {{
  target_has &
  cd {folder}
  pieces >"$job/all"
  of_others <"$job/all" >"$job/pieces"
  hashed <"$job/pieces" >"$job/here"
  wait $!
  LC_ALL=C comm -23 "$job/here" "$job/there" >"$job/differ"
  differ=$(wc -l <"$job/differ")
  most=$(($(wc -l <"$job/here") / 8))
  if [ "$most" -lt {block_copy.FEW} ]; then most={block_copy.FEW}; fi
  if [ "$(wc -l <"$job/here")" -ne "$(wc -l <"$job/pieces")" ]; then
    echo unread >"$job/way"
  elif [ ! -s "$job/there" ]; then
    echo all >"$job/way"
  elif [ ! -s "$known" ] && {{ [ "$differ" -gt "$most" ]{limited}; }}; then
    echo rsync >"$job/way"
  else
    sort -k 3 -k 2,2n "$job/differ" | while read -r sum index path; do
      size=$(stat -c %s "$path")
      length=$((size - index * {block_copy.SIZE}))
      if [ "$length" -gt {block_copy.SIZE} ]; then length={block_copy.SIZE}; fi
      echo "$length $((index * {block_copy.SIZE})) $size $path"
    done >"$job/order"
    while read -r disk; do
      cat "$job/changes.$disk"
      ends "$disk"
    done <"$known" >>"$job/order"
    echo pieces >"$job/way"
    send <"$job/order"
  fi
}}
ends() {{
  # the pieces in which the file ended, and in which it ends: no write need be in them
  size=$(stat -c %s -- "$1")
  now=$(((size - 1) / {block_copy.SIZE}))
  then=$(awk -v disk="$1" '$3 == disk && $2 > most {{ most = $2 }} END {{ print most + 0 }}' \\
    "$job/there")
  while [ "$then" -lt "$now" ]; do
    echo "0 $((then * {block_copy.SIZE})) $size $1"
    then=$((then + 1))
  done
  echo "0 $((now * {block_copy.SIZE})) $size $1"
}}
# the target waits while it is found out here what it is to take
compare | with {quote(f"test -d {beside} || exit 0; {block_copy.take(beside)}")} >sent
way=$(cat way || true)
cd {folder}
case $way in
  pieces)
    # what is no longer here
    cut -d ' ' -f 2- "$job/there" | sort >"$job/had"
    sort "$job/all" | comm -13 - "$job/had" >"$job/gone"
    if [ -s "$job/gone" ]; then copy --size-only --delete -- ./ "$target":{beside}/; fi
    # of tracked disks the pieces that were written to are compared as a whole
    cut -d ' ' -f 2- "$job/sent" | of_known | hashed >"$job/touched"
    sums_of_known <"$job/there" | awk -v sent="$job/sent" -v gone="$job/gone" '
      BEGIN {{
        while ((getline < sent) > 0) {{ sub(/^[^ ]* /, ""); skip[$0] = 1 }}
        while ((getline < gone) > 0) skip[$0] = 1
      }}
      {{ name = $0; sub(/^[^ ]* /, "", name) }}
      !(name in skip)' >"$job/untouched"
    sums_of_known <"$job/sent" | LC_ALL=C sort - "$job/untouched" >"$job/proof.new"
    LC_ALL=C comm -12 "$job/here" "$job/there" | LC_ALL=C sort - "$job/sent" >"$job/there.new"
    LC_ALL=C sort "$job/here" "$job/touched" >"$job/here.new"
    mv "$job/here.new" "$job/here"
    mv "$job/there.new" "$job/there"
    ;;
  rsync)
    copy -I --inplace --no-whole-file -B 131072 --delete -- ./ "$target":{beside}/
    {hash_there} >"$job/there"
    ;;
  all)
    copy -S $(compressed) -- ./ "$target":{beside}/
    {hash_there} >"$job/there"
    ;;
  unread)
    echo "not all of the folder can be read here" >&2
    exit 1
    ;;
  *)
    exit {disk_copy.LOST}
    ;;
esac
cd "$job"
if ! cmp -s here there; then
  echo "the copy differs in $(LC_ALL=C comm -23 here there | wc -l) piece(s)" >&2
  exit {disk_copy.DIFFERS}
fi
if [ -s known ]; then mv proof.new proof; fi
if [ -e ways ]; then cat ways; fi
""",  # noqa: E501
        disk_copy.words(move),
    )


def _find_changes(move: Move, tracked: list[str]) -> str:
    """Return the text that has the tracked disks in ``known``, with their changes.

    Afterwards no disk has its bitmap any more, and the files' times are from before
    ``started``. What it found out serves one pass: after one that was cut
    all is compared.
    """
    file, tag = f'{quote(paths.folder(move))}/"$disk"', dirty_bitmaps.name(move)
    return f"""{changed_ranges.words(move)}: >ways
for disk in {" ".join(map(quote, tracked))}; do
  why=$(known "$disk") && found=yes || found=
  if unmark {file} {tag} 2>unmark.err; then gone=yes; else gone=; fi
  if [ -z "$gone" ] && ! grep -q 'not found' unmark.err; then
    found= why="${{why:+$why; }}the bitmap of $disk cannot be removed"
  fi
  if [ -n "$found" ] && ! ranges "$disk" >"changes.$disk"; then
    found= why="qemu-img cannot list what $disk holds"
  fi
  if [ -n "$found" ]; then
    echo "$disk" >>known
    awk -v disk="$disk" '{{ sub(/^[+]/, ""); sum += $1 }}
      END {{ printf "tracked: %s %.0f\\n", disk, sum }}' "changes.$disk" >>ways
  else
    echo "compared: $why" | cut -c -200 >>ways
  fi
done
"""


def prove(move: Move) -> Job:
    """Afterwards the tracked disks are known to be the same, by checksum, all of them.

    The source reads what it still has; of the target counts what it had after the last
    pass, before the guest started there.
    """
    return Job(
        move,
        "proof",
        f"""if [ ! -e ../last/proof ]; then exit 0; fi
by=$(cat ../warm/by)
known=$PWD/../last/known
job=$PWD
{block_copy.words(move)}{_SORTED_OUT}cd {quote(paths.folder(move))}
pieces | of_known | hashed >"$job/here"
cd "$job"
if ! cmp -s here ../last/proof; then
  echo "the disks differ in $(LC_ALL=C comm -3 here ../last/proof | wc -l) piece(s)" >&2
  exit {disk_copy.DIFFERS}
fi
""",
        disk_copy.words(move),
    )


def read_ways(state: JobState) -> list[tuple[str, str]]:
    """Return what the last pass says of each disk that could be tracked.

    ("tracked", "NAME BYTES"), or ("compared", why all of it was).
    """
    said = map(_SAID.fullmatch, state.out)
    return [(each[1], each[2]) for each in said if each]
