"""How every cloud says no: the cases that the pretend and the real one both pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from migrations_app.errors import Blocked, Conflict, Gone, Refused, Unreachable
from migrations_app.integrations.interfaces import Cloud
from tests.integrations.adapters.clouds import Place

NOBODY = "00000000-0000-4000-8000-000000000000"

# Everything that is asked about one server.
ABOUT: dict[str, Callable[[Cloud, str], object]] = {
    "server": lambda cloud, it: cloud.server(it),
    "group_of": lambda cloud, it: cloud.group_of(it),
    "actions": lambda cloud, it: cloud.actions(it),
    "action": lambda cloud, it: cloud.action(it, "req-1"),
    "live_migrate": lambda cloud, it: cloud.live_migrate(it, host=None),
    "abort": lambda cloud, it: cloud.abort(it, 1),
    "force_complete": lambda cloud, it: cloud.force_complete(it, 1),
    "migrate": lambda cloud, it: cloud.migrate(it, host=None),
    "confirm": lambda cloud, it: cloud.confirm(it),
    "revert": lambda cloud, it: cloud.revert(it),
    "stop": lambda cloud, it: cloud.stop(it),
    "start": lambda cloud, it: cloud.start(it),
}
# Everything else.
AT_LARGE: dict[str, Callable[[Cloud, str], object]] = {
    "whoami": lambda cloud, _: cloud.whoami(),
    "servers": lambda cloud, _: list(cloud.servers()),
    "services": lambda cloud, _: cloud.services(),
    "all_services": lambda cloud, _: cloud.all_services(),
    "service": lambda cloud, _: cloud.service("compute-30"),
    "hidden_hosts": lambda cloud, _: cloud.hidden_hosts(),
    "hypervisors": lambda cloud, _: cloud.hypervisors(),
    "projects": lambda cloud, _: cloud.projects(),
    "migrations": lambda cloud, it: cloud.migrations(it),
    "progress": lambda cloud, it: cloud.progress(it, 1),
    "allocations": lambda cloud, it: cloud.allocations(it),
    "ports": lambda cloud, it: cloud.ports(it),
    "set_service": lambda cloud, it: cloud.set_service(it, enabled=True),
}
EVERY = {**ABOUT, **AT_LARGE}


@pytest.mark.parametrize("call", ABOUT)
def test_a_server_that_is_gone_is_said_to_be_gone(place: Place, call: str) -> None:
    with pytest.raises(Gone, match=NOBODY):
        ABOUT[call](place.cloud, NOBODY)


@pytest.mark.parametrize("call", EVERY)
def test_a_wrong_password_says_which_file_to_correct(place: Place, call: str) -> None:
    with pytest.raises(Refused, match=r"credentials of cloud \w+ in clouds.yaml"):
        EVERY[call](place.stranger, NOBODY)


@pytest.mark.parametrize("call", EVERY)
def test_an_address_where_nobody_listens_is_unreachable(
    place: Place, call: str
) -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        EVERY[call](place.closed, NOBODY)


def test_a_host_that_does_not_exist_is_no_target(place: Place, resting: str) -> None:
    with pytest.raises(Blocked, match="Compute host compute-99 could not be found"):
        place.cloud.live_migrate(resting, host="compute-99")
    with pytest.raises(Blocked, match="Compute host compute-99 could not be found"):
        place.cloud.migrate(resting, host="compute-99")


def test_its_own_host_is_no_target_of_a_cold_move(place: Place, resting: str) -> None:
    with pytest.raises(Blocked, match="to the host where the server exists"):
        place.cloud.migrate(resting, host="compute-30")


def test_what_is_not_under_way_cannot_be_ended(place: Place, resting: str) -> None:
    with pytest.raises(Conflict, match=resting):
        place.cloud.abort(resting, 1)
    with pytest.raises(Conflict, match=resting):
        place.cloud.force_complete(resting, 1)
    with pytest.raises(Conflict, match="vm_state active"):
        place.cloud.confirm(resting)
    with pytest.raises(Conflict, match="vm_state active"):
        place.cloud.revert(resting)
    with pytest.raises(Conflict, match="vm_state active"):
        place.cloud.start(resting)
    assert place.cloud.server(resting).idle


def test_a_service_is_disabled_with_a_reason_only(place: Place) -> None:
    service = place.cloud.services()[0]
    with pytest.raises(Blocked, match="400"):
        place.cloud.set_service(service.id, enabled=False)
    with pytest.raises(Blocked, match="400"):
        place.cloud.set_service(service.id, enabled=False, reason="x" * 256)
    with pytest.raises(Gone, match=NOBODY):
        place.cloud.set_service(NOBODY, enabled=False, reason="Tests")
