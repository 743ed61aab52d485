"""The steps of a cloud that a web process looks at: fine, missing or unknown."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from migrations_app.errors import Gone, Refused, Unfit, Unreachable
from migrations_app.integrations import connect
from migrations_app.inventory.setup_guide import cloud as setup_cloud
from migrations_app.inventory.setup_guide.step import State, Step
from tests import factories
from tests.stage import Stage

pytestmark = pytest.mark.django_db
SERVICES = (
    *("Rights in Nova", "Microversions of Nova"),
    *("Rights in Placement", "Microversions of Placement", "Rights in Neutron"),
)


def steps() -> dict[str, Step]:
    return {step.name: step for step in setup_cloud.steps_of("pretend")}


def test_a_cloud_that_is_set_up_has_nothing_to_mend(stage: Stage) -> None:
    factories.hypervisor("compute-30")

    found = steps()

    assert {name: step.state for name, step in found.items()} == dict.fromkeys(
        ("Entry in clouds.yaml", "Sign-in at Keystone", *SERVICES, "Hypervisors"),
        State.OK,
    )
    assert "Roles: admin, member." in found["Sign-in at Keystone"].found
    assert found["Hypervisors"].found.startswith("1 hypervisors were read at 20")


def test_a_refused_sign_in_fails_and_the_rest_is_unknown(stage: Stage) -> None:
    stage.cloud.lock_out()

    found = steps()

    assert found["Sign-in at Keystone"].state is State.FAILS
    assert "turned our account away" in found["Sign-in at Keystone"].found
    assert "clouds.yaml" in found["Sign-in at Keystone"].remedy
    assert {found[name].state for name in SERVICES} == {State.UNKNOWN}


def test_a_cloud_that_does_not_answer_has_said_neither_yes_nor_no(
    stage: Stage,
) -> None:
    stage.cloud.down()

    found = steps()

    assert found["Sign-in at Keystone"].state is State.UNKNOWN
    assert {found[name].state for name in SERVICES} == {State.UNKNOWN}


@pytest.mark.parametrize(
    "call, name",
    [
        ("services", "Rights in Nova"),
        ("servers", "Rights in Nova"),
        ("hidden_hosts", "Rights in Placement"),
        ("network_agents", "Rights in Neutron"),
    ],
)
def test_a_right_that_lacks_is_named_with_what_it_costs(
    stage: Stage, call: str, name: str
) -> None:
    factories.hypervisor("compute-30")
    stage.cloud.fail(call, Refused("Nova does not allow it (403)."))

    found = steps()

    assert found[name].state is State.FAILS
    assert found[name].found == "Nova does not allow it (403)."
    assert "docs/least-privilege.md" in found[name].remedy
    assert found[name].cost
    others = {other.state for other in found.values() if other.name != name}
    assert others == {State.OK}


def test_agents_are_asked_about_a_hypervisor_alone(stage: Stage) -> None:
    factories.cloud()
    assert steps()["Rights in Neutron"].state is State.UNKNOWN


@pytest.mark.parametrize(
    "told, state, says",
    [
        ((2, 71), State.OK, "up to 2.71. novaweb uses those up to 2.100."),
        ((2, 65), State.FAILS, "It speaks those up to 2.65."),
        (None, State.UNKNOWN, "does not say"),
        (Gone("There is no compute."), State.FAILS, "There is no compute."),
        (Unreachable("Silence."), State.UNKNOWN, "Silence."),
    ],
)
def test_microversions_are_compared_and_never_guessed(
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
    told: Any,
    state: State,
    says: str,
) -> None:
    def newest(service: str) -> Any:
        if service == "placement":
            return 1, 31
        if isinstance(told, Exception):
            raise told
        return told

    monkeypatch.setattr(stage.cloud, "newest", newest)

    found = steps()["Microversions of Nova"]

    assert (found.state, "novaweb needs 2.71" in found.remedy) == (state, True)
    assert says in found.found


def test_an_entry_that_is_not_safe_is_warned_of(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Cloud pretend is asked by http://."
    monkeypatch.setattr(connect, "unsafe_settings", lambda name: [said])
    entry = steps()["Entry in clouds.yaml"]
    assert (entry.state, entry.found) == (State.WARNS, said)


def test_a_cloud_that_is_not_configured_is_refused(stage: Stage) -> None:
    with pytest.raises(Unfit, match="There is no cloud “other” here"):
        setup_cloud.steps_of("other")


@pytest.mark.parametrize(
    "fields, hosts, state, says",
    [
        ({"synced_at": None}, 0, State.MISSING, "No worker has read them yet."),
        (
            {"synced_at": None, "trouble": "Nova is down."},
            0,
            State.MISSING,
            "Nova is down.",
        ),
        ({"trouble": "Nova is down."}, 1, State.FAILS, "Nova is down. 1 hypervisors"),
        ({}, 0, State.MISSING, "has no hypervisor"),
    ],
)
def test_hypervisors_are_as_workers_last_read_them(
    db: None, fields: dict[str, Any], hosts: int, state: State, says: str
) -> None:
    cloud = factories.cloud(**fields)
    for _ in range(hosts):
        factories.hypervisor(cloud=cloud)

    found = setup_cloud.hypervisors("pretend")

    assert (found.state, says in found.found) == (state, True)


def test_hypervisors_that_were_not_read_again_in_time_are_told(db: None) -> None:
    factories.cloud(synced_at=timezone.now() - timedelta(hours=1))
    found = setup_cloud.hypervisors("pretend")
    assert found.state is State.FAILS
    assert "not read again in time" in found.found
