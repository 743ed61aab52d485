"""What counts as left behind."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from stranger import leftovers, state
from stranger.allowed import OF_THE_LAB, USERS
from stranger.machine import Machine
from stranger.state import State

ROOT = Path(__file__).resolve().parents[2]
NOTHING = State(
    processes=frozenset(),
    namespaces=frozenset(),
    mounts=frozenset(),
    interfaces=frozenset(),
    users=frozenset(),
    services=frozenset(),
    files=frozenset(),
)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("processes", "mariadbd --socket=/x"),
        ("namespaces", "net:[4026532000]"),
        ("mounts", "/run/netns/compute-40 (nsfs)"),
        ("interfaces", "veth0"),
        ("users", "somebody"),
        ("services", "/etc/systemd/system/multi-user.target.wants/mariadb.service"),
        ("files", "/root/.ssh/known_hosts"),
    ],
)
def test_it_finds_what_nobody_said_would_be_left(kind: str, name: str) -> None:
    after = replace(NOTHING, **{kind: frozenset({name})})
    assert leftovers.found(NOTHING, after) == [f"{kind}: {name}"]
    assert leftovers.found(after, after) == []


def test_it_allows_what_has_a_reason() -> None:
    files = {"/var/lib/mysql/ibdata1", "/var/lib/dpkg/status"}
    after = replace(NOTHING, files=frozenset(files), users=frozenset({"nova"}))
    assert leftovers.found(NOTHING, after) == []


def test_it_names_a_folder_in_place_of_its_many_files() -> None:
    paths = [f"/root/.cache/pip/{n}" for n in range(9)]
    assert leftovers.collapsed([*paths, "/root/x"]) == [
        "/root/x",
        "/root/.cache/pip/ (9 files, as /root/.cache/pip/0)",
    ]


def test_it_allows_the_lab_only_what_its_documentation_names() -> None:
    text = (ROOT / "docs/lab.md").read_text(encoding="utf-8")
    said = text.partition("## What it leaves on the machine\n")[2].partition("\n## ")[0]
    named = [*USERS, *(pattern.rstrip("/*") for pattern in OF_THE_LAB)]
    assert [name for name in named if f"`{name}`" not in said] == []


def test_it_tells_new_files_from_those_of_the_bare_system_and_of_packages(
    tmp_path: Path,
) -> None:
    bare, here = tmp_path / "bare", tmp_path / "here"
    written = here / "root"  # as where no overlay could be mounted
    for top in (bare, written):
        (top / "etc/empty").mkdir(parents=True)
        (top / "etc/hosts").write_text("same\n")
        (top / "etc/link").symlink_to("hosts")
        os.utime(top / "etc/hosts", (1, 1))
    (written / "etc/passwd").write_text("more\n")
    (written / "root/.cache").mkdir(parents=True)
    (written / "usr/lib").mkdir(parents=True)
    (written / "usr/lib/owned").touch()
    (written / "var").symlink_to("usr")
    (written / "usr/lib/editor").symlink_to("/etc/alternatives/editor")
    (written / "opt/ours/venv").mkdir(parents=True)
    owned, ours = frozenset({"/usr/lib/owned"}), frozenset({"/opt/ours"})
    found = state.new_in(written, bare, owned, ours=ours)
    assert sorted(found) == ["/etc/passwd", "/root/.cache/", "/var"]
    assert Machine(here=here).written == written


def test_it_finds_a_packages_files_where_its_links_lead(tmp_path: Path) -> None:
    info = tmp_path / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    (info / "one.list").write_text("/.\n/lib/one.so\n/etc/one\n")
    assert {"/usr/lib/one.so", "/etc/one"} <= state.packaged(tmp_path)
