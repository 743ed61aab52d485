"""An SSH configuration means what it means to ssh(1), or is refused."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from migrations_app.errors import Refused
from migrations_app.integrations.adapters.ssh.config import read


def written(folder: Path, *lines: str) -> Path:
    config = folder / "config"
    config.write_text("\n".join(["Host compute-40", *lines, ""]), encoding="utf-8")
    return config


@pytest.mark.parametrize(
    "line",
    [
        "User nova # of rack 2",
        "User\tnova\t# of rack 2",
        'User "nova" #2',
        "User nova#2",
        "User=nova # x",
        "  # User other\n  User nova",
    ],
)
def test_a_comment_is_no_part_of_a_value(tmp_path: Path, line: str) -> None:
    config = written(tmp_path, "HostName 192.0.2.7  # by its address", line)
    config.write_text(f"{config.read_text()}  IdentityFile /k # of novaweb\n")
    said = subprocess.run(
        ["ssh", "-F", str(config), "-G", "--", "compute-40"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    entry = read(config, "compute-40")

    assert f"user {entry.user}" in said
    assert f"hostname {entry.address}" in said
    assert entry.keys == (Path("/k"),)


@pytest.mark.parametrize(
    "line",
    [
        "IdentityFile /keys/%n",
        "IdentityFile /keys/%p",
        "IdentityFile /k\n  UserKnownHostsFile /known/%k",
    ],
)
def test_what_is_to_be_filled_in_and_is_not_is_refused(
    tmp_path: Path, line: str
) -> None:
    with pytest.raises(Refused, match="with a % that"):
        read(written(tmp_path, line), "compute-40")


def test_what_is_filled_in_is_taken(tmp_path: Path) -> None:
    config = written(tmp_path, "HostName %h.example.org", "IdentityFile /keys/%h")
    entry = read(config, "compute-40")
    assert entry.address == "compute-40.example.org"
    assert "%" not in str(entry.keys[0])
