"""Which bytes of a disk's file its guest has changed since it was tracked.

Sent are all bytes of the file but those known to be what the warm copy read: the
clusters that lie where they lay before it began, and that the bitmap says nobody has
written to. So what the guest wrote is sent, and QEMU's own tables.

A bitmap that is not there says nothing, and neither does one that QEMU had no time to
write. Whatever is not exactly as expected means: the whole file is compared.
"""

from __future__ import annotations

from shlex import quote

from migrations_app.integrations.host_commands import (
    block_copy,
    dirty_bitmaps,
    paths,
)
from migrations_app.integrations.interfaces import Move

SECONDS = 60  # that QEMU's server may run, whose client ends it

# "START END" of what is dirty, "START END OFFSET" of what the file had where, and has
# now; cluster by cluster. It prints, by their offset in the file, the ranges that are
# known to be the same ("same"), and those that were written to ("new").
_CLASSES = """
  function say(class, a, b) {
    if (a < b) printf "%.0f %.0f %s\\n", at + a - start, b - a, class
  }
  kind == "dirty" {
    a = int($1 / cluster) * cluster
    b = int(($2 + cluster - 1) / cluster) * cluster
    if (dirties && a <= dirty_end[dirties]) {
      if (b > dirty_end[dirties]) dirty_end[dirties] = b
    } else { dirty[++dirties] = a; dirty_end[dirties] = b }
    next
  }
  kind == "then" {
    then_start[++thens] = $1; then_end[thens] = $2; then_at[thens] = $3
    next
  }
  {
    start = $1; end = $2; at = $3
    while (first < dirties && dirty_end[first + 1] <= start) first++
    for (i = first + 1; i <= dirties && dirty[i] < end; i++)
      say("new", dirty[i] > start ? dirty[i] : start,
        dirty_end[i] < end ? dirty_end[i] : end)
    while (past < thens && then_end[past + 1] <= start) past++
    for (j = past + 1; j <= thens && then_start[j] < end; j++) {
      if (then_at[j] - then_start[j] != at - start) continue
      a = then_start[j] > start ? then_start[j] : start
      b = then_end[j] < end ? then_end[j] : end
      for (i = first + 1; i <= dirties && dirty[i] < b; i++) if (dirty_end[i] > a) {
        say("same", a, dirty[i] < b ? dirty[i] : b)
        a = dirty_end[i]
      }
      say("same", a, b)
    }
  }
"""
# From those to what ``block_copy.send`` takes: what was written to, and, with a "+",
# what may be as it was.
_RANGES = f"""
  function say(sign, from, to, next_) {{
    for (; from < to; from = next_) {{
      next_ = (int(from / {block_copy.SIZE}) + 1) * {block_copy.SIZE}
      if (next_ > to) next_ = to
      printf "%s%.0f %.0f %.0f %s\\n", sign, next_ - from, from, size, file
    }}
  }}
  $1 < at {{ exit twice = 1 }} # a corrupt file
  {{
    end = $1 + $2
    if (end > size) end = size
    say("+", at, $1)
    if ($3 == "new") say("", $1, end)
    at = end
  }}
  END {{ if (twice) exit 1; say("+", at, size) }}
"""
_WHOLE = """
  $1 != at { exit 1 }
  { at = $2 }
  END { if (at == 0 || at != size) exit 1 }
"""


def words(move: Move) -> str:
    """Return the shell functions that the source has for this.

    ``known DISK``: it is told, in the files ``dirty.DISK`` of the job, what its guest
    has written; else it says why not, and ends with another status. ``ranges DISK``:
    prints what is to be sent of it, as "LENGTH OFFSET SIZE DISK".
    """
    tag = dirty_bitmaps.name(move)
    folder = quote(paths.folder(move))
    return f"""{dirty_bitmaps.WORDS}number() {{ printf '%s\\n' "$info" | sed -n 's/^    "'"$1"'": \\([0-9]*\\),*$/\\1/p'; }}
serve() {{
  # within bounds, ended with this job and, at its latest, by itself
  ( ulimit -v {2 << 20}
    exec timeout --foreground {SECONDS} qemu-nbd --read-only --bitmap={tag} \\
      --socket="$2" -- "$(open_alone "$1")" 9>&- ) &
  server=$!
  for try in $(seq 200); do
    if [ -S "$2" ] || ! kill -0 "$server" 2>/dev/null; then break; fi
    sleep 0.05
  done
}}
marked() {{
  # x-dirty-bitmap has "data" where nothing is dirty (block/nbd.c)
  at=$(mktemp -d)
  serve "$1" "$at/nbd"
  status=0
  qemu_image map --output=json --image-opts \\
    "driver=nbd,server.type=unix,server.path=$at/nbd,x-dirty-bitmap=qemu:dirty-bitmap:{tag}" \\
    >"$at/map" 9>&- || status=$?
  kill "$server" 2>/dev/null || true
  wait "$server" || true
  extents <"$at/map" >"$at/extents"
  awk -v size="$2" {quote(_WHOLE)} "$at/extents" || status=1
  if [ "$status" = 0 ]; then sed -n 's/ [^ ]* none$//p' "$at/extents"; fi
  rm -rf "$at"
  return "$status"
}}
known() {{
  file={folder}/"$1"
  if [ ! -e "../{dirty_bitmaps.FOLDER}/$1" ] || [ ! -e ../warm/pieces ]; then
    echo "$1 was not tracked"
    return 1
  fi
  # without -U: that its lock is had shows that no QEMU has it
  if [ -n "$(why_not qcow2 "$file")" ] ||
    ! info=$(qemu_image info -f qcow2 --output=json -- "$file"); then
    echo "$1 cannot be opened"
    return 1
  fi
  case $(printf '%s' "$info" | tr -d ' \\n' | grep -o '{{[^{{}}]*}}' | grep -F '"name":"{tag}"') in
    *'"flags":["auto"]'*) ;;
    *in-use*) echo "QEMU ended without having saved the bitmap of $1"; return 1 ;;
    *) echo "$1 has no bitmap that can be used"; return 1 ;;
  esac
  case "$info" in *'"corrupt": true'*) echo "$1 is marked as corrupt"; return 1 ;; esac
  number cluster-size >"cluster.$1"
  if ! [ "$(cat "cluster.$1")" -gt 0 ] ||
    ! marked "$file" "$(number virtual-size)" >"dirty.$1"; then
    echo "qemu-nbd and qemu-img did not list the bitmap of $1"
    return 1
  fi
}}
ranges() {{
  file={folder}/"$1"
  placed "$file" >"now.$1" || return 1
  awk -v cluster="$(cat "cluster.$1")" {quote(_CLASSES)} \\
    kind=dirty "dirty.$1" kind=then "../{dirty_bitmaps.FOLDER}/$1" kind=now "now.$1" |
    sort -n | awk -v size="$(stat -c %s -- "$file")" -v file="$1" {quote(_RANGES)}
}}
"""  # noqa: E501
