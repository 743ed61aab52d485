"""How files are compared and sent piece by piece: what is hashed, what is copied.

Most of a disk has not changed since the warm copy. The target's pieces are hashed while
the guest still runs, so that after its stop only the source must be read: pieces whose
checksum differs are sent, and hashed on the target once they are written. rsync would
read both sides one after the other and roll over all that is new byte by byte. Figures:
``python -m bench.copy``.

The checksum is Poly1305 (RFC 8439, 128 bits) under a key made of the move's token, or
SHA-256 where a host's openssl has no Poly1305. It is against chance, for which one is
as good as the other; but SHA-256 takes four times as long, and the guest is off.
"""

from __future__ import annotations

import hashlib

from migrations_app.integrations.interfaces import Move

MIB = 1 << 20
SIZE = 8 * MIB  # a smaller piece sends less and costs more processes
FEW = 64  # pieces; for more, or an eighth, rsync's finer comparison may pay
_DATA = r's/.*"start": \([0-9]*\), "length": \([0-9]*\),.*"data": true.*/\1 \2/p'


def words(move: Move) -> str:
    """Return the shell functions that both hosts have for this.

    ``best``: prints the best checksum here, "poly" or "sha". ``pieces``: lists the
    pieces of all files here, "INDEX PATH" a line; a line feed in a name would have it
    list a file elsewhere (``disk_copy.ODD``). ``data FILE``: lists where a file has
    data at all, a piece at most at a time, as "LENGTH OFFSET SIZE FILE". ``hashed``:
    puts before each piece of its input the checksum that ``$by`` names, sorted, and
    leaves out what cannot be read. ``send``: writes what ``take`` reads; what has a "+"
    before its length the other may have already.
    """
    key = hashlib.sha256(move.token.encode()).hexdigest()
    return f"""poly='openssl dgst -mac poly1305 -macopt hexkey:{key} -r'
best() {{ if $poly </dev/null >/dev/null 2>&1; then echo poly; else echo sha; fi; }}
pieces() {{
  LC_ALL=C find . -name '*\n*' -prune -o -type f -printf '%s %P\\n' | awk '{{
    size = $1; sub(/^[0-9]+ /, "")
    for (i = 0; i == 0 || i * {SIZE} < size; i++) print i, $0
  }}'
}}
data() {{
  size=$(stat -c %s -- "$1")
  {{
    qemu-img map -U -f raw --output=json -- "$1" ||
      echo "\\"start\\": 0, \\"length\\": $size, \\"data\\": true"
  }} | sed -n '{_DATA}' | awk -v size="$size" -v file="$1" '
    {{
      end = $1 + $2
      if (end > size) end = size
      for (at = $1; at < end; at = next_) {{
        next_ = (int(at / {SIZE}) + 1) * {SIZE}
        if (next_ > end) next_ = end
        printf "%.0f %.0f %s %s\\n", next_ - at, at, size, file
      }}
    }}
    END {{ print 0, 0, size, file }}'
}}
hashed() {{
  case $by in
    poly) BY=$poly ;;
    *) BY=sha256sum; if command -v openssl >/dev/null; then BY='openssl dgst -sha256 -r'; fi ;;
  esac
  # a few at a time: on a hypervisor the processors are the guests'
  at_once=$(nproc)
  if [ "$at_once" -gt 4 ]; then at_once=4; fi
  # each reads its pieces through two pipes in turn, so that one process hashes many
  BY=$BY OPENSSL_CONF=/dev/null xargs -r -d '\\n' -n 16 -P "$at_once" sh -euc '
    at=$(mktemp -d) feeder=
    trap "kill \\$feeder 2>/dev/null || true; rm -rf \\"$at\\"" EXIT
    mkfifo "$at/0" "$at/1"
    pipes= i=0
    for piece; do pipes="$pipes $at/$((i % 2))" i=$((i + 1)); done
    {{
      i=0
      for piece; do
        dd if="${{piece#* }}" bs=1M skip=$((${{piece%% *}} * {SIZE // MIB})) \\
          count={SIZE // MIB} status=none >"$at/$((i % 2))" || touch "$at/unread"
        i=$((i + 1))
      done
    }} &
    feeder=$!
    $BY $pipes >"$at/sums"
    wait "$feeder"
    [ ! -e "$at/unread" ]
    while read -r sum rest; do
      echo "$sum $1"
      shift
    done <"$at/sums"' sh | LC_ALL=C sort
}}
send() {{
  while read -r length offset size path; do
    echo "$length $offset $size $path"
    dd if="$path" bs=1M skip="$offset" count="${{length#+}}" \\
      iflag=skip_bytes,count_bytes status=none
  done
}}
"""  # noqa: E501


def hash_all(folder: str) -> str:
    """Return the text, for after ``words``, that prints a folder's hashed pieces."""
    return f"cd {folder}; pieces | hashed"


def take(folder: str, suffix: str = "") -> str:
    """Return the text, for after ``words``, that writes what ``send`` sends.

    The files get that suffix. It prints the hashes of the pieces that were written, and
    of those in which it was told to write nothing; and it ends with 11, as rsync does,
    when it cannot write.
    """
    return f"""cd {folder}
taken= before=
kept=$(mktemp)
trap 'rm -f "$kept"' EXIT
while read -r length offset size path; do
  if [ "$path" != "$before" ]; then
    truncate -s "$size" "$path{suffix}" || exit 11
    before=$path
  fi
  case "$length" in
    +*)
      length=${{length#+}}
      dd of="$kept" bs=1M count="$length" iflag=fullblock,count_bytes status=none ||
        exit 11
      if cmp -s -n "$length" -i "0:$offset" -- "$kept" "$path{suffix}"; then
        continue
      fi
      dd if="$kept" of="$path{suffix}" bs=1M seek="$offset" oflag=seek_bytes \\
        conv=notrunc status=none || exit 11 ;;
    *)
      dd of="$path{suffix}" bs=1M seek="$offset" count="$length" oflag=seek_bytes \\
        iflag=fullblock,count_bytes conv=notrunc status=none || exit 11 ;;
  esac
  taken="$taken$((offset / {SIZE})) $path{suffix}
"
done
printf %s "$taken" | sort -u | hashed"""
