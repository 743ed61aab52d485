"""Whom a probe may ask."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.errors import Unfit
from migrations_app.integrations.interfaces.probe_target import admit, parse
from migrations_app.requests import inputs

OWN = ("10.0.0.5", "2001:db8::5")


@pytest.mark.parametrize(
    "text, clean",
    [
        ("icmp:10.0.0.5", "icmp:10.0.0.5"),
        (" tcp:10.0.0.5:22 ", "tcp:10.0.0.5:22"),
        ("icmp:2001:DB8::5", "icmp:2001:db8::5"),
        ("tcp:[2001:db8:0::5]:443", "tcp:[2001:db8::5]:443"),
    ],
)
def test_it_takes_addresses_in_one_form(text: str, clean: str) -> None:
    assert str(parse(text)) == clean
    assert str(parse(clean)) == clean


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.5",
        "icmp:web.example.org",
        "icmp:10.0.0.5:22",
        "tcp:10.0.0.5",
        "tcp:10.0.0.5:0",
        "tcp:10.0.0.5:65536",
        "tcp:2001:db8::5:22",
        "udp:10.0.0.5:53",
        "icmp:10.0.0.256",
        "icmp:10.0.0.5; id",
        "icmp:10.0.0.0/24",
    ],
)
def test_it_takes_nothing_else(text: str) -> None:
    with pytest.raises(Unfit, match="is no probe"):
        parse(text)


@pytest.mark.parametrize("text", ["icmp:10.0.0.5", "tcp:[2001:0db8::5]:22"])
def test_it_probes_the_instances_own_addresses(text: str) -> None:
    admit(parse(text), own=OWN, networks=())


def test_it_probes_no_other_address_unless_its_network_is_allowed() -> None:
    other = parse("tcp:192.0.2.10:22")
    with pytest.raises(Unfit, match=r"Its addresses are 10\.0\.0\.5, 2001:db8::5"):
        admit(other, own=OWN, networks=["192.0.3.0/24", "2001:db8::/64"])
    admit(other, own=OWN, networks=["192.0.2.0/24"])


@pytest.mark.parametrize("text", ["icmp:224.0.0.1", "icmp:0.0.0.0", "icmp:ff02::1"])
def test_it_never_asks_many_at_once(text: str) -> None:
    with pytest.raises(Unfit, match="not the address of one guest"):
        admit(parse(text), own=(), networks=["0.0.0.0/0", "::/0"])


@pytest.mark.parametrize(
    "text",
    [
        "tcp:127.0.0.1:6379",
        "icmp:127.9.9.9",
        "tcp:[::1]:5432",
        "tcp:[::ffff:127.0.0.1]:22",
        "tcp:169.254.169.254:80",
        "icmp:fe80::1",
        "icmp:255.255.255.255",
    ],
)
def test_what_a_tenant_calls_its_own_leads_not_to_who_asks(text: str) -> None:
    target = parse(text)
    own = (str(target.address), "no address")
    with pytest.raises(Unfit, match="never a guest's"):
        admit(target, own=own, networks=["10.0.0.0/8"])
    admit(target, own=(), networks=[f"{target.address}"])


def test_it_is_taken_in_as_an_option_of_a_move(settings: Any) -> None:
    settings.NOVAWEB_PROBE_NETWORKS = ["192.0.2.0/24"]
    options = inputs.options({"probe": "icmp:192.0.2.7"})
    assert options == {"probe": "icmp:192.0.2.7"}
    inputs.probe(options, own=())
    inputs.probe({}, own=())
    with pytest.raises(Unfit, match="It has none"):
        inputs.probe({"probe": "icmp:192.0.3.7"}, own=())
    with pytest.raises(Unfit):
        inputs.options({"probe": 22})
