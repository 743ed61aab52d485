from __future__ import annotations

from collections.abc import Callable

from lab import lifecycle, render
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


def test_an_offset_moves_every_port(make_lab: MakeLab) -> None:
    def ports(settings: Settings) -> list[int]:
        return [s.port for s in lifecycle.every_service(settings) if s.port]

    moved = ports(make_lab(NAME="other", PORT_OFFSET="100"))
    assert moved == [port + 100 for port in ports(make_lab())]
