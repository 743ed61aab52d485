from __future__ import annotations

import configparser
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from lab import facts, render
from lab.progress import LabError
from lab.settings import Settings

MakeLab = Callable[..., Settings]


def readable_by_others(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH)
    ]


def test_it_fills_all_templates_of_the_control_plane(make_lab: MakeLab) -> None:
    settings = make_lab()
    render.configure(settings)
    nova = configparser.ConfigParser(interpolation=None)
    nova.read(settings.etc / "nova/nova.conf")
    assert nova["placement"]["auth_url"] == "http://127.0.0.21:5000/v3"
    assert nova["service_user"]["send_service_user_token"] == "true"
    assert nova["placement"]["username"] == "nova"


def test_it_keeps_its_password_from_other_users(make_lab: MakeLab) -> None:
    settings = make_lab()
    render.configure(settings)
    facts.write(settings)
    secret = render.password(settings)
    holders = [
        path
        for path in settings.root.rglob("*")
        if path.is_file() and secret in path.read_text()
    ]
    assert settings.clouds_yaml in holders
    assert settings.facts_json in holders
    assert settings.nova_db_options in holders
    assert not set(holders) & set(readable_by_others(settings.root))


def test_each_lab_makes_up_a_password_and_keeps_it(make_lab: MakeLab) -> None:
    one, two = make_lab(NAME="one"), make_lab(NAME="two")
    for settings in (one, two):
        settings.root.mkdir(exist_ok=True)
    assert render.password(one) == render.password(one)
    assert render.password(one) != render.password(two)


def test_a_host_knows_nothing_of_the_database(make_lab: MakeLab) -> None:
    settings = make_lab()
    render.configure(settings)
    for path in (
        settings.etc / "nova/nova.conf",
        settings.etc / "nova/hosts/compute-30.conf",
    ):
        assert "mysql" not in path.read_text()


def test_one_small_host_runs_out(make_lab: MakeLab) -> None:
    settings = make_lab()
    render.configure(settings)
    drivers = {
        host: (settings.etc / f"nova/hosts/{host}.conf").read_text()
        for host in settings.fake_hosts
    }
    small = [host for host, text in drivers.items() if "SmallFakeDriver" in text]
    assert small == ["compute-33"]


def test_it_names_the_template_that_lacks_a_value() -> None:
    with pytest.raises(LabError, match=r"fake-host\.conf cannot be filled: 'host'"):
        render.fill("fake-host.conf", {})
