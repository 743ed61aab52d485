"""A process in namespaces of its own, as in a container; and a PATH to find it by."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

# Of the mount namespace alone: what is below it nobody else sees.
INSIDE = Path("/mnt")
UID = 42436  # kolla's nova, whom the host's passwd does not know
_RUN = """mount --make-rprivate /
mount -t tmpfs none /mnt
cp -r "$FILES"/. /mnt/
chmod 755 /mnt
if [ -e /mnt/passwd ]; then mount --bind /mnt/passwd /etc/passwd; fi
cp /bin/sh /mnt/python3
if [ -d /mnt/home ]; then chown -R "$OWNER:$OWNER" /mnt/home; fi
exec "$PYTHON" -c '
import os
import sys

owner, *words = sys.argv[1:]
os.setgroups([])
os.setgid(int(owner))
os.setuid(int(owner))
environ = {"PATH": "/mnt/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/mnt/home"}
os.execve("/mnt/python3", words, environ)
' "$OWNER" "$@"
"""
_WAIT = ("-c", "echo up; read -r end")


@contextmanager
def contained(
    files: Path, *words: str, uid: int = UID, kinds: Sequence[str] = ("--mount",)
) -> Iterator[int]:
    """Have a process of these words, whose files are at ``INSIDE``; its number.

    It is a shell that waits, but called python3, as nova-compute is one, in new
    namespaces of these kinds (unshare(1)).
    """
    program, *others = words
    process = subprocess.Popen(
        [
            *("unshare", *kinds, "sh", "-euc", _RUN, "sh"),
            *(program, *_WAIT, *others),
        ],
        env={
            "PATH": os.environ["PATH"],
            "FILES": str(files),
            "OWNER": str(uid),
            "PYTHON": sys.executable,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "up\n":
            process.kill()
            pytest.skip(f"no namespaces here: {process.communicate()[1].strip()}")
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def path(
    folder: Path,
    *,
    without: Sequence[str] = (),
    nova: int | None = None,
    libvirt: int | None = None,
) -> str:
    """Return a PATH of all programs of this machine, ``without`` some of them.

    Of all processes its grep finds those alone: the one numbered ``nova`` as
    nova-compute, ``libvirt`` as the daemon of libvirt.
    """
    folder.mkdir()
    for name in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        for program in Path(name).iterdir():
            here = folder / program.name
            if program.name not in {"grep", *without} and not here.is_symlink():
                here.symlink_to(program)
    found = {
        "-lzx": f"/proc/{nova}/cmdline" if nova else "",
        "-lx": f"/proc/{libvirt}/comm" if libvirt else "",
    }
    cases = "".join(f"  {flag}) echo '{line}' ;;\n" for flag, line in found.items())
    grep = folder / "grep"
    grep.write_text(
        f'#!/bin/sh\ncase "$1" in\n{cases}  *) exec /usr/bin/grep "$@" ;;\nesac\n',
        encoding="utf-8",
    )
    grep.chmod(0o755)
    return str(folder)


def run(text: str, path: str, environ: Mapping[str, str] | None = None) -> str:
    """Run a command's text as adapters/ssh does and return what it wrote."""
    begun = time.monotonic()
    done = subprocess.run(
        ["/bin/sh", "-eu", "-s"],
        input=text,
        env={"PATH": path, "HOME": "/root", **(environ or {})},
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    assert time.monotonic() - begun < 20  # or the adapter gives up
    return done.stdout
