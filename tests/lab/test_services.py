from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openstack.config
import pytest

from lab import lifecycle, processes, render
from lab.settings import Settings

MakeLab = Callable[..., Settings]


def test_no_command_line_holds_the_password(make_lab: MakeLab) -> None:
    settings = make_lab(LIBVIRT="1")
    render.configure(settings)
    secret = render.password(settings)
    for service in lifecycle.every_service(settings):
        assert not any(secret in str(word) for word in service.argv), service.name


def test_no_two_services_have_one_name_or_one_port(make_lab: MakeLab) -> None:
    every = lifecycle.every_service(make_lab(LIBVIRT="1", FAKE_HOSTS="20"))
    names = [service.name for service in every]
    ports = [service.port for service in every if service.port]
    assert len(names) == len(set(names))
    assert len(ports) == len(set(ports))


def test_without_cinder_nothing_of_it_is_started(make_lab: MakeLab) -> None:
    every = lifecycle.every_service(make_lab(CINDER="0"))
    assert not [service.name for service in every if "cinder" in service.name]


def test_screens_have_a_proxy_where_there_are_guests(make_lab: MakeLab) -> None:
    def names(settings: Settings) -> set[str]:
        return {service.name for service in lifecycle.every_service(settings)}

    assert "novncproxy" in names(make_lab(LIBVIRT="1"))
    assert "novncproxy" not in names(make_lab(NAME="fake"))


def test_an_offset_moves_every_port(make_lab: MakeLab) -> None:
    def ports(settings: Settings) -> list[int]:
        return [s.port for s in lifecycle.every_service(settings) if s.port]

    moved = ports(make_lab(NAME="other", PORT_OFFSET="100"))
    assert moved == [port + 100 for port in ports(make_lab())]


def test_no_service_looks_for_files_outside_the_lab(make_lab: MakeLab) -> None:
    settings = make_lab()
    render.configure(settings)
    environment = processes.environment(settings)
    assert environment["NOVAWEB_LAB_ETC"] == str(settings.etc)
    assert environment["HOME"].startswith(str(settings.root))
    assert environment["PYTHONNOUSERSITE"] == "1"
    named = [
        value
        for service in lifecycle.every_service(settings)
        for name, value in service.env.items()
        if name.endswith(("_FILE", "_FILES", "_DIR", "_BASE", "HOME"))
    ]
    inside = (str(settings.root), "/nonexistent", "neutron.conf", str(settings.venv))
    assert [value for value in named if not value.startswith(inside)] == []


def test_openstacksdk_finds_the_lab_s_passwords_before_the_machine_s(
    make_lab: MakeLab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = make_lab()
    render.configure(settings)
    others = tmp_path / "secure.yaml"
    others.write_text("clouds: {lab: {auth: {password: another}}}\n")
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(settings.clouds_yaml))
    monkeypatch.setenv("OS_CLIENT_SECURE_FILE", str(settings.secure_yaml))
    config = openstack.config.OpenStackConfig(secure_files=[str(others)])
    found = config.cloud_config["clouds"]["lab"]["auth"]["password"]
    assert found == render.password(settings)
