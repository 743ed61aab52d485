"""Nobody who runs a few tests starts an OpenStack by surprise."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.lab_plugin import lab_is_asked_for

SOURCES = pytest.Config.ArgsSource


def said(
    source: Any, *, lab: bool = False, markexpr: str = "", keyword: str = ""
) -> Any:
    """Return what pytest makes of a command line."""
    option = SimpleNamespace(lab=lab, markexpr=markexpr, keyword=keyword)
    return SimpleNamespace(
        args_source=source, option=option, getoption=lambda name: getattr(option, name)
    )


@pytest.fixture(autouse=True)
def in_the_first_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    monkeypatch.setenv("NOVAWEB_TEST_LAB", "")


@pytest.mark.parametrize(
    "config",
    [said(SOURCES.TESTPATHS), said(SOURCES.ARGS, lab=True)],
    ids=["every test", "a folder, and the lab"],
)
def test_it_is_started_when_all_is_to_run_or_it_was_named(
    config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lab_is_asked_for(config)
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    assert lab_is_asked_for(said(SOURCES.ARGS)), "other processes go by the first"


@pytest.mark.parametrize(
    "config",
    [
        said(SOURCES.ARGS),
        said(SOURCES.TESTPATHS, markexpr="not lab"),
        said(SOURCES.TESTPATHS, keyword="moves"),
    ],
    ids=["a folder", "a mark", "a word"],
)
def test_it_is_not_started_when_some_are_to_run(
    config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not lab_is_asked_for(config)
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    assert not lab_is_asked_for(said(SOURCES.TESTPATHS))
