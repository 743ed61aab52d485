"""System checks of who enters hosts and Nova's database."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.management.entry_checks import workers_enter_hosts


@pytest.mark.parametrize(
    ("setting", "value", "number"),
    [
        ("NOVAWEB_HOSTS_ENTERED_BY", "web", "novaweb.E040"),
        ("NOVAWEB_LOOK_TIMEOUT", 0.5, "novaweb.E041"),
    ],
)
def test_settings_that_make_no_sense_are_told(
    settings: Any, setting: str, value: Any, number: str
) -> None:
    setattr(settings, setting, value)
    (found,) = workers_enter_hosts()
    assert (found.id, found.is_serious()) == (number, True)
    assert found.hint


def test_web_processes_that_enter_real_hosts_are_warned_of(settings: Any) -> None:
    settings.NOVAWEB_CLOUDS = ["real"]
    (found,) = workers_enter_hosts()
    assert (found.id, found.is_serious()) == ("novaweb.W040", False)
    settings.NOVAWEB_HOSTS_ENTERED_BY = "worker"
    assert workers_enter_hosts() == []


def test_on_a_pretend_cloud_or_while_debugging_it_is_fine(settings: Any) -> None:
    assert workers_enter_hosts() == []
    settings.NOVAWEB_CLOUDS, settings.DEBUG = ["real"], True
    assert workers_enter_hosts() == []
