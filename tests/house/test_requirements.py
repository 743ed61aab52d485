from __future__ import annotations

import re
from pathlib import Path

import pytest

from supply.lock import pins

ROOT = Path(__file__).resolve().parents[2]
LISTS = ("requirements.txt", "requirements-dev.txt")


def packages(name: str) -> dict[str, str]:
    """Name in small letters -> the rest of the line, of one list."""
    wanted = pins((ROOT / name).read_text(encoding="ascii"))
    found = [re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[.*\])?(.*)", line) for line in wanted]
    return {match[1].lower(): match[2] for match in found if match}


@pytest.mark.parametrize("name", [*LISTS, "requirements-lock.txt"])
def test_it_pins_every_package_exactly(name: str) -> None:
    loose = [p for p, rest in packages(name).items() if not re.match(r"==\d", rest)]
    assert loose == []


@pytest.mark.parametrize("name", LISTS)
def test_it_wants_the_versions_that_the_lock_pins(name: str) -> None:
    pinned = {
        re.sub(r"[._]", "-", p): v for p, v in packages("requirements-lock.txt").items()
    }
    for package, version in packages(name).items():
        assert pinned.get(re.sub(r"[._]", "-", package)) == version, package


@pytest.mark.parametrize("name", LISTS)
def test_it_says_in_the_readme_what_each_package_is_for(name: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    unsaid = [p for p in packages(name) if f"`{p}`" not in readme]
    assert unsaid == []
