"""How a bare machine reaches the registries that this one reaches."""

from __future__ import annotations

from pathlib import Path

import pytest

from stranger import sources
from stranger.releases import RELEASES

DEB822 = """\
# http://old.example/debian
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/some.gpg

Types: deb deb-src
# a comment
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main
"""
ONE_LINE = """\
deb [arch=amd64 signed-by=/some.gpg] http://mirror.example/debian bookworm main
# deb http://no.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian bookworm-updates main contrib
deb http://security.example/debian-security bookworm-security main
"""


@pytest.fixture
def debian_12(tmp_path: Path) -> Path:
    """The files of a Debian 12 that say which distribution it is."""
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_CODENAME="bookworm"\n')
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def lines(folder: Path, name: str) -> list[str]:
    found = sources.lines(RELEASES[name], os_release=folder / "os-release", apt=folder)
    return [" ".join(line.split()[2:]) for line in found]


@pytest.mark.parametrize(
    ("path", "text"),
    [("sources.list.d/debian.sources", DEB822), ("sources.list", ONE_LINE)],
)
def test_it_takes_the_mirrors_of_this_machine(
    debian_12: Path, path: str, text: str
) -> None:
    (debian_12 / path).write_text(text)
    assert lines(debian_12, "debian-13") == [
        "http://mirror.example/debian trixie main",
        "http://mirror.example/debian trixie-updates main",
        "http://security.example/debian-security trixie-security main",
    ]


def test_it_takes_no_pockets_for_a_suite_that_has_none(debian_12: Path) -> None:
    (debian_12 / "sources.list").write_text(ONE_LINE)
    assert lines(debian_12, "debian-testing") == [
        "http://mirror.example/debian testing main"
    ]


def test_it_leaves_the_mirror_of_another_distribution_to_mmdebstrap(
    debian_12: Path,
) -> None:
    (debian_12 / "sources.list").write_text(ONE_LINE)
    assert lines(debian_12, "ubuntu-24.04") == []


def test_it_has_the_key_of_every_archive() -> None:
    for release in RELEASES.values():
        assert release.signed_by == release.keyring or release.key.exists()


def test_it_takes_of_pips_settings_only_how_the_index_is_reached(
    tmp_path: Path,
) -> None:
    (tmp_path / ".config/pip").mkdir(parents=True)
    (tmp_path / ".config/pip/pip.conf").write_text(
        "[global]\nindex-url = https://user:word@index.example/simple\n"
        "find-links = /opt/wheels\nextra-index-url = file:///opt/index\n"
        "default-timeout = 7\n"
    )
    environ = {"HOME": str(tmp_path), "PIP_DEFAULT_TIMEOUT": "180", "PIP_NO_INDEX": "1"}
    settings = sources.pip_conf(environ).splitlines()
    assert "index-url = https://user:word@index.example/simple" in settings
    assert "timeout = 180" in settings
    assert [s for s in settings if "/opt" in s or "no-index" in s] == []


def test_it_survives_a_configuration_that_nobody_can_read(tmp_path: Path) -> None:
    broken = tmp_path / "pip.conf"
    broken.write_text("no section\n")
    environ = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": str(broken)}
    assert sources.pip_conf(environ).startswith("[global]\n")
