"""Which process of a host is taken for nova-compute's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from migrations_app.integrations.host_commands.namespaces import NOVA, OWNERS

ENDED = 4194305  # one more than Linux has numbers for
# a Python that has started another, and waits
STARTS = """import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
child.kill()
"""


@pytest.fixture
def two() -> Iterator[tuple[int, int]]:
    """A process, and one that it has started."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        yield parent.pid, int(parent.stdout.readline())
        parent.communicate("\n")


def found(tmp_path: Path, *like: int) -> str:
    """Return which it is of those whose words are like nova-compute's."""
    listed = " ".join(f"/proc/{pid}/cmdline" for pid in like)
    grep = tmp_path / "grep"
    grep.write_text(f"#!/bin/sh\nprintf '%s\\n' {listed}\n")
    grep.chmod(0o755)
    done = subprocess.run(
        ["sh", "-u", "-c", f'{NOVA}echo "$pid"'],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_it_is_not_one_that_it_has_just_started(
    tmp_path: Path, two: tuple[int, int]
) -> None:
    parent, child = two
    assert found(tmp_path, child, parent) == f"{parent}"


def test_it_is_not_one_that_has_ended_since(
    tmp_path: Path, two: tuple[int, int]
) -> None:
    assert found(tmp_path, ENDED, two[0]) == f"{two[0]}"


def test_without_any_there_is_none(tmp_path: Path) -> None:
    assert found(tmp_path, ENDED) == ""


NOBODY = 65534
WAITS = ("-c", "print('up', flush=True); input()")


@contextmanager
def waiting(*before: str, user: int | None = None) -> Iterator[int]:
    """Have a Python that waits; its number."""
    with subprocess.Popen(
        [*before, "/usr/bin/python3", *WAITS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        user=user,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        yield process.pid
        process.communicate(b"\n")


root = pytest.mark.skipif(
    os.geteuid() != 0
    or "system.slice" in Path("/proc/self/cgroup").read_text(encoding="ascii")
    or not Path("/usr/bin/python3").exists(),
    reason="processes of other accounts are root's to start",
)


@root
def test_a_service_goes_before_what_any_account_has_started(tmp_path: Path) -> None:
    with waiting(user=NOBODY) as other, waiting() as ours:
        assert found(tmp_path, other, ours) == f"{ours}"
        assert found(tmp_path, other) == f"{other}"


@root
def test_of_several_that_are_no_service_nobody_knows_which_it_is(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack:
        others = [stack.enter_context(waiting(user=NOBODY)) for _ in range(2)]
        assert found(tmp_path, *others) == ""


@root
def test_root_of_an_ordinary_container_is_not_novas(tmp_path: Path) -> None:
    with waiting("setpriv", "--bounding-set=-sys_admin", "--") as contained:
        assert found(tmp_path, contained) == ""


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("/srv/a.conf", "/srv/a.conf"),
        ("../../srv/a.conf", "/srv/a.conf"),
        ("../../../../../../etc/hostname", "/etc/hostname"),
        ("/etc/nova/folder/b", "/srv/b"),
        ("plain", "/etc/nova/plain"),
    ],
)
def test_links_are_followed_within_the_root_of_a_process(
    tmp_path: Path, link: str, leads: str
) -> None:
    (tmp_path / "etc/nova").mkdir(parents=True)
    (tmp_path / "srv").mkdir()
    (tmp_path / "etc/nova/nova.conf").symlink_to(link)
    (tmp_path / "etc/nova/folder").symlink_to("/srv")
    assert inside(tmp_path, "/etc/nova/nova.conf") == leads
    assert inside(tmp_path, "/etc/../etc//nova/./nova.conf") == leads


def test_links_that_lead_in_a_circle_lead_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("/b")
    (tmp_path / "b").symlink_to("a")
    assert inside(tmp_path, "/a") == ""


def inside(root: Path, path: str) -> str:
    done = subprocess.run(
        ["sh", "-u", "-c", f'root="$1"\n{OWNERS}inside "$2"', "sh", str(root), path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.strip()
