"""How files are compared and mended piece by piece: what is hashed, what is sent.

Most of a disk has not changed since the warm copy. The target's pieces are hashed while
the guest still runs, so that after its stop only the source must be read: pieces whose
SHA-256 differs are sent, and hashed on the target once they are written. rsync would
read both sides one after the other and roll over all that is new byte by byte; this
takes half the time, and compares more strictly. Figures: ``python -m bench.copy``.
"""

from __future__ import annotations

SIZE = 16  # MiB; a smaller piece sends less and costs more processes
FEW = 32  # pieces; for more, or an eighth, rsync's finer comparison may pay

# `pieces` lists the pieces of all files here, "INDEX PATH" a line, and `hashed` puts
# each one's SHA-256 before it, sorted; it leaves out what cannot be read. openssl is
# several times as fast as sha256sum where the processor has instructions for it. A few
# at a time: on a hypervisor the processors are the guests'.
HASH = f"""pieces() {{
  find . -type f -printf '%s %P\\n' | awk '{{
    size = $1; sub(/^[0-9]+ /, "")
    for (i = 0; i == 0 || i * {SIZE} * 1048576 < size; i++) print i, $0
  }}'
}}
hashed() {{
  by=sha256sum
  if command -v openssl >/dev/null; then by='openssl dgst -sha256 -r'; fi
  at_once=$(nproc)
  if [ "$at_once" -gt 4 ]; then at_once=4; fi
  BY=$by OPENSSL_CONF=/dev/null xargs -r -d '\\n' -n 1 -P "$at_once" sh -euc '
    index=${{0%% *}} path=${{0#* }}
    sum=$({{
      dd if="$path" bs=1M skip=$((index * {SIZE})) count={SIZE} status=none || kill $$
    }} | $BY)
    echo "${{sum%% *}} $0"' | LC_ALL=C sort
}}
"""

# Standard input to the target: of each piece its length, index and path in a line,
# then its bytes. Ends with 11, as rsync does, when it cannot write.
_TAKE = f"""taken=
while read -r length index path; do
  dd of="$path" bs=1M seek=$((index * {SIZE})) count="$length" \\
    iflag=fullblock,count_bytes conv=notrunc status=none || exit 11
  if [ "$length" -lt {SIZE * 1048576} ]; then  # the last of its file
    truncate -s $((index * {SIZE * 1048576} + length)) "$path"
  fi
  taken="$taken$index $path
"
done
printf %s "$taken" | hashed
"""


def hash_all(folder: str) -> str:
    """Return the text that prints the hashed pieces of a folder; quoted path."""
    return f"cd {folder}\n{HASH}pieces | hashed\n"


def take(folder: str) -> str:
    """Return the text that writes the pieces it reads and prints their hashes."""
    return f"cd {folder}\n{HASH}{_TAKE}"


# Standard input: hashed pieces; to standard output what `take` reads.
SEND = f"""send() {{
  while read -r sum index path; do
    size=$(stat -c %s "$path")
    length=$((size - index * {SIZE} * 1048576))
    if [ "$length" -gt {SIZE * 1048576} ]; then length={SIZE * 1048576}; fi
    echo "$length $index $path"
    dd if="$path" bs=1M skip=$((index * {SIZE})) count={SIZE} status=none
  done
}}
"""
