"""What cannot be made out of a long list is told with its id; alone it is an error."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.integrations.adapters.openstack import listed, parsing

WEB = {"id": "web-1", "name": "web", "OS-EXT-SRV-ATTR:host": "compute-30"}
HOST = {
    "id": "node-1",
    "hypervisor_hostname": "compute-30.example",
    "hypervisor_type": "QEMU",
    "hypervisor_version": 7002000,
    "state": "up",
    "status": "enabled",
    "service": {"host": "compute-30"},
}
AROUND: dict[str, Any] = {"zone": "OS1", "aggregates": ["a"], "stock": {}}


@pytest.mark.parametrize(
    "odd, kind",
    [
        ({"flavor": "m1.small"}, "AttributeError"),
        ({"image": {"name": "no id"}}, "KeyError"),
        ({"created": "yesterday"}, "ValueError"),
        ({"addresses": {"net": [{}]}}, "KeyError"),
        ({"flavor": {"extra_specs": [1]}}, "AttributeError"),
    ],
)
def test_an_odd_server_is_unread_with_its_host(odd: dict[str, Any], kind: str) -> None:
    found = listed.server({**WEB, **odd})
    assert (found.id, found.host, found.status) == ("web-1", "compute-30", "UNKNOWN")
    assert f"a form that novaweb does not understand ({kind})" in found.unread
    with pytest.raises((AttributeError, KeyError, ValueError)):
        parsing.server({**WEB, **odd})


@pytest.mark.parametrize("nothing", [None, 7, "web", {}, {"id": "-rf"}])
def test_what_is_no_server_at_all_is_unread_without_an_id(nothing: Any) -> None:
    found = listed.server(nothing)
    assert (found.id, found.host) == ("", None)
    assert found.unread


def test_a_server_in_order_is_read() -> None:
    assert listed.server(WEB) == parsing.server(WEB)
    assert listed.server(WEB).unread == ""


@pytest.mark.parametrize("missing", ["hypervisor_version", "state", "status"])
def test_an_odd_host_is_unread(missing: str) -> None:
    odd = {name: value for name, value in HOST.items() if name != missing}
    found = listed.hypervisor(odd, **AROUND)
    assert (found.id, found.host) == ("node-1", "compute-30")
    assert "(KeyError)" in found.unread
    assert listed.hypervisor(HOST, **AROUND).unread == ""
