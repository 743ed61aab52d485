"""How disks get from host to host: backing files, a warm pass, and the last one.

rsync over SSH from the source straight to the target, as the article does it, but
sparse and compressed, resumable, and verified. Figures: ``python -m bench.copy``.
"""

from __future__ import annotations

import os
import shlex

from migrations_app.ports import Move
from migrations_app.shell import places
from migrations_app.shell.detached import Job

# What the jobs end with beside rsync's own words.
DIFFERS = 90  # the target has another file under this name, or other content
FULL = 11  # rsync: error in file I/O; nearly always a full disk
# Worth another try: the connection, or the host at its other end, went away.
CUT = frozenset({10, 12, 20, 30, 35, 143, 255})

SSH = (
    "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=10"
    " -o ServerAliveInterval=10 -o ServerAliveCountMax=3"
    " -c aes128-gcm@openssh.com,aes128-ctr"
)


# SHA-256 of standard input, and of all files here, in sha256sum's words. openssl is
# several times as fast where the processor has instructions for it.
_SUM = """if command -v openssl >/dev/null; then openssl dgst -sha256 -r; else sha256sum; fi | cut -c1-64"""  # noqa: E501
_SUMS = """find . -type f -print0 | sort -z | if command -v openssl >/dev/null; then xargs -0 -r openssl dgst -sha256 -r; else xargs -0 -r sha256sum; fi | sed 's/ [ *]/  /'"""  # noqa: E501


def _head(move: Move) -> str:
    """Return what all three begin with: how the target is reached, and how copied."""
    limit = move.options.get("bandwidth")  # Mbit/s; rsync counts KiB/s
    bwlimit = f" --bwlimit={max(1, int(limit) * 122)}" if limit else ""
    return f"""ssh={shlex.quote(SSH)}
target={shlex.quote(str(move.target))}
there() {{ $ssh "$target" "$1" </dev/null; }}
copy() {{
  rsync -a --outbuf=L --info=progress2 --no-inc-recursive --timeout=60{bwlimit} \\
    -e "$ssh" "$@"
}}
compress=
if rsync --version | grep -q zstd && there 'rsync --version' | grep -q zstd; then
  compress='--compress --compress-choice=zstd --compress-level=1'
fi
"""


def base(move: Move) -> Job:
    """Afterwards the target has every backing file, with the source's content.

    One that is there already is compared by size and checksum, and never replaced:
    other guests may stand on it. A new one gets its name when it is whole.
    """
    script = _head(move) + "".join(_one_base(move, path) for path in places.bases(move))
    return Job(move, "base", script, _words(move))


def _one_base(move: Move, path: str) -> str:
    file, part = shlex.quote(path), shlex.quote(f"{path}.novaweb-{move.token}")
    around = shlex.quote(os.path.dirname(path))
    above = shlex.quote(places.instances(move))
    make = (
        f"test -d {around} || {{ mkdir -p {around}"
        f" && chown --reference={above} {around}; }}"
    )
    take = f"chown --reference={around} {part}; mv -n {part} {file}; rm -f {part}"
    return f"""size=$(stat -c %s {file})
at={file}
if ! there {_quote(f"test -e {file}")}; then
  at={part}
  there {_quote(make)}
  copy -S $compress {file} "$target":{part}
fi
there "stat -c %s $at; {{ {_SUM}; }} <$at" >there &
{{ echo "$size"; {{ {_SUM}; }} <{file}; }} >here
wait $!
[ "$(wc -c <here)" -gt 64 ]
if ! cmp -s here there; then
  echo "$at on $target has another size or checksum than here" >&2
  exit {DIFFERS}
fi
if [ "$at" != {file} ]; then there {_quote(take)}; fi
"""


def warm(move: Move) -> Job:
    """Afterwards the target has, beside its place, nearly all of the folder."""
    return Job(
        move,
        "warm",
        f"""{_head(move)}copy -S $compress --delete {_quote(places.folder(move))}/ \\
  "$target":{_quote(places.beside(move))}/
""",
        _words(move),
    )


def last(move: Move) -> Job:
    """Afterwards the target has all of the folder, the same by checksum.

    The instance is off. What was copied warm is gone through, and what differs is
    written in place; then both hosts hash all files at the same time.
    """
    beside = _quote(places.beside(move))
    return Job(
        move,
        "last",
        f"""touch started
{_head(move)}cd {_quote(places.folder(move))}
if there {_quote(f"test -d {beside}")}; then
  copy -I --inplace --no-whole-file -B 131072 --delete ./ "$target":{beside}/
else
  copy -S $compress ./ "$target":{beside}/
fi
there {_quote(f"cd {beside} && {_SUMS}")} >"$OLDPWD/there" &
{_SUMS} >"$OLDPWD/here"
wait $!
[ "$(wc -l <"$OLDPWD/here")" = "$(find . -type f | wc -l)" ]
cd "$OLDPWD"
if ! cmp -s here there; then
  echo "the copy differs in $(diff here there | grep -c '^<') file(s)" >&2
  exit {DIFFERS}
fi
""",
        _words(move),
    )


def _quote(text: str) -> str:
    return shlex.quote(text)


def _words(move: Move) -> dict[str, str]:
    return {"server_id": move.server_id, "target": str(move.target)}
