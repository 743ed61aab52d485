from __future__ import annotations

import pytest

from demo import place as places
from demo.the_lab import Lab


def test_it_leads_novaweb_into_hosts_that_are_real(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NOVAWEB_LAB_LIBVIRT", "1")
    monkeypatch.setenv("NOVAWEB_LAB_PREFIX", "/p")
    monkeypatch.setenv("NOVAWEB_LAB_NAME", "n")
    found = Lab().environment()
    assert found["NOVAWEB_SSH"] == "lab=/p/n/ssh/config"
    assert found["NOVAWEB_NOVA_DB"] == "lab=/p/n/nova-db.cnf"


def test_fake_hosts_cannot_be_entered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOVAWEB_LAB_LIBVIRT", "0")
    assert set(Lab().environment()) == {"NOVAWEB_CLOUDS", "OS_CLIENT_CONFIG_FILE"}


def test_every_program_of_the_demo_is_led_there(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    place = places.make(
        tmp_path_factory.mktemp("demo"),
        pretend=False,
        cloud={"NOVAWEB_SSH": "lab=/p"},
        port=0,
    )
    assert place.environment()["NOVAWEB_SSH"] == "lab=/p"
