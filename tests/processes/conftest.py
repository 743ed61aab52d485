"""Installations for tests: this process reads what their workers write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrations_app.integrations import connect, ways_in
from tests.processes.site import Site

MakeSite = Callable[..., Site]


@pytest.fixture
def make_site(
    transactional_db: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
) -> Iterator[MakeSite]:
    """Make an installation; this process reads the same settings as its workers."""
    made: list[Site] = []

    def make(**environment: str) -> Site:
        site = Site(tmp_path, **environment)
        made.append(site)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        settings.NOVAWEB_CLOUDS = environment["NOVAWEB_CLOUDS"].split(",")
        settings.NOVAWEB_PRETEND_FILE = environment.get("NOVAWEB_PRETEND_FILE", "")
        for name in ("NOVAWEB_SSH", "NOVAWEB_NOVA_DB"):
            pairs = environment.get(name, "")
            setattr(settings, name, dict([pairs.split("=")]) if pairs else {})
        _forget_clouds()
        return site

    try:
        yield make
    finally:
        _forget_clouds()
        for site in made:
            site.close()


def _forget_clouds() -> None:
    for made in (connect._cloud, ways_in.hosts, ways_in.nova_db):
        made.cache_clear()
