from __future__ import annotations

from collections.abc import Callable

import pytest

from lab.release import RELEASES
from lab.remembered import remember, remembered
from lab.settings import (
    VARIABLE_PREFIX,
    Settings,
    SettingsError,
    from_environment,
)


def test_it_has_the_hosts_and_zones_of_the_article_by_default() -> None:
    settings = from_environment({})
    assert {host: settings.zone(host) for host in settings.fake_hosts} == {
        "compute-30": "OS1",
        "compute-31": "OS2",
        "compute-32": "OS2",
        "compute-33": "OS2",
        "compute-34": "OS1",
    }
    assert settings.libvirt_hosts == ()
    assert settings.address == "127.0.0.21"


def test_it_leaves_the_names_of_libvirt_hosts_to_them() -> None:
    settings = from_environment(
        {"NOVAWEB_LAB_FAKE_HOSTS": "20", "NOVAWEB_LAB_LIBVIRT": "1"}
    )
    assert len(settings.fake_hosts) == 20
    assert not set(settings.fake_hosts) & set(settings.libvirt_hosts)
    assert {settings.zone(host) for host in settings.libvirt_hosts} == {"OS3"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NAME", "Big Lab"),
        ("NAME", "venv"),
        ("NAME", "tenletters"),
        ("PREFIX", "relative"),
        ("PREFIX", "/"),
        ("ADDRESS", "10.0.0.1"),
        ("ADDRESS", "localhost"),
        ("PORT_OFFSET", "-1"),
        ("FAKE_HOSTS", "many"),
        ("FAKE_HOSTS", "²"),
        ("LIBVIRT", "yes"),
        ("SUBNET", "198.18"),
        ("RELEASE", "28"),
        ("DRIVERS", "compute-30"),
        ("DRIVERS", "compute-30=os.system()"),
    ],
)
def test_it_says_which_setting_cannot_be_used(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{VARIABLE_PREFIX}{name} is "):
        from_environment({VARIABLE_PREFIX + name: value})


def test_it_does_not_pass_over_a_mistyped_setting() -> None:
    with pytest.raises(SettingsError, match="NOVAWEB_LAB_FAKE_HOST is not a setting"):
        from_environment({"NOVAWEB_LAB_FAKE_HOST": "3"})


def test_two_labs_share_no_name_and_no_port() -> None:
    one = from_environment({"NOVAWEB_LAB_LIBVIRT": "1"})
    two = from_environment(
        {
            "NOVAWEB_LAB_NAME": "lab2",
            "NOVAWEB_LAB_ADDRESS": "127.0.0.22",
            "NOVAWEB_LAB_LIBVIRT": "1",
        }
    )

    def marks(settings: Settings) -> set[object]:
        hosts = settings.libvirt_hosts
        return {
            settings.root,
            settings.bridge,
            settings.subnet,
            settings.url("keystone"),
            # these listen on 127.0.0.1 too, or are looked for everywhere
            settings.epmd_port,
            settings.rabbitmq_distribution_port,
            *(settings.veth(host) for host in hosts),
            *(settings.host_address(host) for host in hosts),
        }

    assert not marks(one) & marks(two)
    assert one.venv == two.venv


def test_labs_of_two_releases_share_no_software() -> None:
    labs = [from_environment({"NOVAWEB_LAB_RELEASE": number}) for number in RELEASES]
    assert len({lab.venv for lab in labs}) == len(RELEASES)
    assert from_environment({}).venv == from_environment({}).prefix / "venv"


def test_its_network_cards_have_names_that_the_kernel_takes() -> None:
    settings = from_environment({"NOVAWEB_LAB_NAME": "nineletrs"})
    assert len(settings.veth("compute-40")) <= 15


def test_it_remembers_what_it_was_brought_up_with(
    make_lab: Callable[..., Settings],
) -> None:
    settings = make_lab(NAME="labx", ADDRESS="127.0.0.77", FAKE_HOSTS="3")
    asked = make_lab(NAME="labx")
    assert remembered(asked) == asked
    remember(settings)
    assert remembered(asked) == settings
