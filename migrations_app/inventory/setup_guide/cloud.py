"""What a web process finds out about one cloud, by its API and in our copy of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

from migrations_app.integrations import clouds, connect
from migrations_app.integrations.interfaces import Cloud as Neighbour
from migrations_app.integrations.interfaces.account import (
    COMPUTE,
    OLDEST_COMPUTE,
    PLACEMENT,
)
from migrations_app.inventory import queries as inventory_queries
from migrations_app.inventory.setup_guide.step import State, Step, attempt, not_asked
from migrations_app.models import Hypervisor

_RULES = "docs/least-privilege.md lists the rights."
_NOTHING = "Nothing of this cloud can be read, and nothing in it can be moved."
_OLD_LISTS = "Pages show what was read last, or nothing: nobody finds an instance."
_AFTER = "Not asked, because the sign-in did not succeed."

_ENTRY = Step(
    "Entry in clouds.yaml",
    State.OK,
    "The web process finds the cloud there.",
    "Write an entry of that name into clouds.yaml (OS_CLIENT_CONFIG_FILE), for web and"
    " workers.",
    _NOTHING,
)
_SIGN_IN = Step(
    "Sign-in at Keystone",
    State.OK,
    "",
    "Correct auth_url and the credentials of the entry in clouds.yaml.",
    _NOTHING,
)
_NOVA = Step(
    "Rights in Nova",
    State.OK,
    "The account may read the services, and the instances of all projects. Whether it"
    " may move them, a first move shows.",
    f"Give the account the role admin, or the rights that it lacks. {_RULES}",
    "Instances and hosts are not read, and no move can be planned.",
)
_PLACEMENT = Step(
    "Rights in Placement",
    State.OK,
    "The account may read resource providers.",
    f"Give the account the role admin, or the rights that it lacks. {_RULES}",
    "Hosts cannot be read, the capacity is not known, stale resources are not found,"
    " and Manual is not possible.",
)
_NEUTRON = Step(
    "Rights in Neutron",
    State.OK,
    "The account may read network agents.",
    f"Give the account the right get_agent. {_RULES}",
    "Whether networks work on a target stays unknown, and Manual cannot bind ports"
    " there.",
)
_COMPUTE_VERSION = Step(
    "Microversions of Nova",
    State.OK,
    "",
    "Upgrade Nova: novaweb needs {least}.",
    "No move is possible.",
)
_PLACEMENT_VERSION = Step(
    "Microversions of Placement",
    State.OK,
    "",
    "Upgrade Placement: novaweb needs {least}.",
    _PLACEMENT.cost,
)
_HYPERVISORS = Step(
    "Hypervisors",
    State.OK,
    "",
    "Have a worker running (“manage.py worker”); “manage.py sync” reads the clouds at"
    " once, and says what fails.",
    _OLD_LISTS,
)


def steps_of(name: str) -> list[Step]:
    """Return the steps of that cloud, asked now. Raises Unfit if it is none of ours."""
    clouds.configured(name)
    sign_in, cloud = _sign_in(name)
    asked: list[tuple[Step, Callable[[Neighbour], Step]]] = [
        (_NOVA, _nova),
        (_COMPUTE_VERSION, _compute_version),
        (_PLACEMENT, _placement),
        (_PLACEMENT_VERSION, _placement_version),
        (_NEUTRON, _neutron),
    ]
    return [
        _entry(name),
        sign_in,
        *(ask(cloud) if cloud else not_asked(step, _AFTER) for step, ask in asked),
        hypervisors(name),
    ]


def _entry(name: str) -> Step:
    step, unsafe = attempt(_ENTRY, lambda: connect.unsafe_settings(name))
    if not unsafe:
        return step
    return replace(
        step,
        state=State.WARNS,
        found=" ".join(unsafe),
        remedy="Use https:// and, for an authority of your own, cacert: PATH.",
        cost="Who stands between both could read along, or pretend to be the cloud.",
    )


def _sign_in(name: str) -> tuple[Step, Neighbour | None]:
    step, account = attempt(_SIGN_IN, lambda: connect.cloud_of(name).account())
    if account is None:
        return step, None
    who = f"{account.user}, project {account.project}" if account.user else "an account"
    roles = ", ".join(account.roles) or "none"
    found = f"Signed in as {who}. Roles: {roles}."
    return replace(step, found=found), connect.cloud_of(name)


def _nova(cloud: Neighbour) -> Step:
    def read() -> Any:
        return cloud.services(), list(islice(cloud.servers(), 1))

    return attempt(_NOVA, read)[0]


def _placement(cloud: Neighbour) -> Step:
    return attempt(_PLACEMENT, cloud.hidden_hosts)[0]


def _neutron(cloud: Neighbour) -> Step:
    known = Hypervisor.objects.filter(cloud__name=cloud.name).order_by("host")
    host = known.values_list("host", flat=True).first()
    if host is None:
        return not_asked(_NEUTRON, "Not asked, because no hypervisor is known yet.")
    return attempt(_NEUTRON, lambda: cloud.network_agents(host))[0]


def _compute_version(cloud: Neighbour) -> Step:
    step = _version(_COMPUTE_VERSION, cloud, "compute", least=OLDEST_COMPUTE)
    if step.state is State.OK:
        more = f" novaweb uses those up to {_dotted(COMPUTE)}."
        return replace(step, found=step.found + more)
    return step


def _placement_version(cloud: Neighbour) -> Step:
    return _version(_PLACEMENT_VERSION, cloud, "placement", least=PLACEMENT)


def _version(
    step: Step, cloud: Neighbour, service: str, *, least: tuple[int, int]
) -> Step:
    step = replace(step, remedy=step.remedy.format(least=_dotted(least)))
    step, newest = attempt(step, lambda: cloud.newest(service))
    if step.state is not State.OK:
        return step
    if newest is None:
        return not_asked(step, "The service does not say which it speaks.")
    found = f"It speaks those up to {_dotted(newest)}."
    return replace(
        step, found=found, state=State.OK if newest >= least else State.FAILS
    )


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"


def hypervisors(name: str) -> Step:
    """Return whether workers read the cloud's hypervisors, as they last found."""
    clouds_read = inventory_queries.freshness()
    fresh = next((each for each in clouds_read if each.cloud.name == name), None)
    count = Hypervisor.objects.filter(cloud__name=name).count()
    if fresh is None or fresh.as_of is None:
        found = (fresh and fresh.cloud.trouble) or "No worker has read them yet."
        return replace(_HYPERVISORS, state=State.MISSING, found=found)
    read = f"{count} hypervisors were read at {fresh.as_of:%Y-%m-%d %H:%M} UTC."
    if fresh.stale:
        found = f"{fresh.cloud.trouble or 'They were not read again in time.'} {read}"
        return replace(_HYPERVISORS, state=State.FAILS, found=found)
    if not count:
        found = "The cloud was read, and has no hypervisor."
        remedy = "Look whether nova-compute runs on its hosts (openstack host list)."
        return replace(_HYPERVISORS, state=State.MISSING, found=found, remedy=remedy)
    return replace(_HYPERVISORS, found=read)
