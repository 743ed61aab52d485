"""All that novaweb does, with an application credential of deploy/access_rules.json.

Keystone is real, and each service's middleware holds the rules: what is on no list is
refused, to an administrator, too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from django.utils import timezone
from keystoneauth1.identity.v3 import ApplicationCredential, Password
from keystoneauth1.session import Session

from migrations_app.errors import Blocked, Conflict
from migrations_app.integrations.adapters.openstack import OpenStackCloud
from migrations_app.inventory.sync import sync
from migrations_app.models import Cloud as CloudRow
from migrations_app.models import Hypervisor, Instance
from tests.integrations.adapters.clouds import LabPlace
from tests.processes.conftest import MakeSite
from tests.processes.site import Site, approved, until
from tests.processes.test_on_the_lab import (
    CALLS,
    SOURCE,
    TARGET,
    asked,
    expect_completed,
    expect_there,
)

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
RULES = Path(__file__).resolve().parents[2] / "deploy" / "access_rules.json"
KEYSTONE = {"service_type": "identity", "interface": "public", "version": (3, 0)}
LONG = 600  # seconds that a live migration lasts which is told to end


@dataclass
class Limited:
    """A lab that novaweb enters by the credential alone; servers are made past that."""

    place: LabPlace
    admin: OpenStackCloud  # by the password, for what is compared
    session: Session  # by the credential, for what novaweb never asks
    end: datetime

    @property
    def cloud(self) -> OpenStackCloud:
        return self.place.cloud


@pytest.fixture
def limited(
    lab: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Limited]:
    place = LabPlace(Path(lab["clouds_yaml"]), tmp_path)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(place.clouds_yaml))
    auth = place.entry["auth"]
    session = Session(auth=Password(**auth), timeout=120)
    of = f"/users/{session.get_user_id()}/application_credentials"
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=4)
    wanted = {
        "name": f"novaweb {token_hex(8)}",  # a run that was killed leaves its own
        "roles": [{"name": "admin"}],
        "access_rules": json.loads(RULES.read_text(encoding="utf-8")),
        "expires_at": f"{end:%Y-%m-%dT%H:%M:%S}",
    }
    answer = session.post(
        of, json={"application_credential": wanted}, endpoint_filter=KEYSTONE
    )
    made = answer.json()["application_credential"]
    signed = {
        "auth_url": auth["auth_url"],
        "application_credential_id": made["id"],
        "application_credential_secret": made["secret"],
    }
    admin_entry = dict(place.entry)
    place.entry = {
        **place.entry,
        "auth_type": "v3applicationcredential",
        "auth": signed,
    }
    place.write_clouds(admin=admin_entry)
    try:
        yield Limited(
            place,
            OpenStackCloud("admin"),
            Session(auth=ApplicationCredential(**signed), timeout=120),
            end,
        )
    finally:
        place.close()
        session.delete(f"{of}/{made['id']}", endpoint_filter=KEYSTONE)


@pytest.fixture
def site(limited: Limited, make_site: MakeSite) -> Site:
    file = str(limited.place.clouds_yaml)
    return make_site(NOVAWEB_CLOUDS="lab", OS_CLIENT_CONFIG_FILE=file)


# What novaweb never asks, of each service; all of it an administrator's password may.
ELSE = [
    ("compute", "GET", "/flavors"),
    ("compute", "POST", "/servers"),
    ("compute", "DELETE", "/servers/{server}"),
    ("compute", "GET", "/servers/{server}/os-security-groups"),
    ("compute", "DELETE", "/os-services/00000000-0000-4000-8000-000000000000"),
    ("network", "GET", "/v2.0/networks"),
    ("network", "DELETE", "/v2.0/ports/00000000-0000-4000-8000-000000000000"),
    ("image", "GET", "/v2/images/00000000-0000-4000-8000-000000000000/file"),
    ("image", "POST", "/v2/images"),
    ("placement", "GET", "/traits"),
    ("placement", "DELETE", "/allocations/{server}"),
    ("volumev3", "GET", "/volumes"),
    ("volumev3", "DELETE", "/volumes/00000000-0000-4000-8000-000000000000"),
    ("identity", "GET", "/users"),
    ("identity", "POST", "/projects"),
]


def test_what_is_on_no_list_is_refused(limited: Limited) -> None:
    server = limited.place.boot(SOURCE)
    for service, method, path in ELSE:
        asked = limited.session.request(
            path.format(server=server),
            method,
            json={} if method == "POST" else None,
            endpoint_filter={"service_type": service, "interface": "public"},
            raise_exc=False,
        )
        assert asked.status_code in {401, 403}, (service, method, path)
    assert limited.admin.server(server).status == "ACTIVE"


@pytest.mark.parametrize("procedure", ["live", "cold"])
@pytest.mark.parametrize("target", [TARGET, None])
def test_it_moves_an_instance(
    site: Site, limited: Limited, procedure: str, target: str | None
) -> None:
    server = limited.place.boot(SOURCE)
    site.work()
    expect_completed(approved("lab", server, procedure, target))
    host = limited.cloud.server(server).host
    assert host not in (None, SOURCE)
    expect_there(limited.place, server, target or str(host))
    assert asked(limited.place, server) == CALLS[procedure]


@pytest.mark.alone
def test_it_moves_with_other_hosts_disabled(site: Site, limited: Limited) -> None:
    def enabled() -> dict[str, bool]:
        return {it.host: it.enabled for it in limited.cloud.services()}

    before = enabled()
    server = limited.place.boot(SOURCE)
    request = approved("lab", server, "cold_by_disabling", TARGET)
    site.work()
    until(lambda: enabled() != before, "hosts to be disabled")
    until(lambda: enabled() == before, "hosts to be enabled")
    expect_completed(request)
    expect_there(limited.place, server, TARGET)


def test_the_inventory_is_read_as_by_a_password(site: Site, limited: Limited) -> None:
    server = limited.place.boot(SOURCE)
    sync("lab", limited.cloud, now=timezone.now())
    assert CloudRow.objects.get(name="lab").trouble == ""
    hosts = {it.host for it in limited.admin.hypervisors()}
    assert set(Hypervisor.objects.values_list("host", flat=True)) == hosts
    row = Instance.objects.get(uuid=server)
    assert (row.host, row.project_name) == (SOURCE, "admin")
    # what changed since, too
    sync("lab", limited.cloud, now=timezone.now())
    assert CloudRow.objects.get(name="lab").trouble == ""


def test_each_question_has_the_answer_that_a_password_gets(limited: Limited) -> None:
    place = limited.place
    server = place.boot(SOURCE, group=place.group("soft-anti-affinity"))
    limited.cloud.lock(server, "A test.")
    limited.cloud.unlock(server)
    there = limited.admin.server(server)
    (action, *_) = limited.admin.actions(server)
    questions: list[Callable[[OpenStackCloud], object]] = [
        lambda it: it.whoami(),
        lambda it: it.server(server),
        lambda it: server in {each.id for each in it.servers()},
        lambda it: server in {each.id for each in it.servers(host=SOURCE)},
        lambda it: {each.host for each in it.services()},
        lambda it: {(each.binary, each.host) for each in it.all_services()},
        lambda it: it.service(SOURCE).id,
        lambda it: {(each.host, each.zone) for each in it.hypervisors()},
        lambda it: it.group_of(server),
        lambda it: bool(it.groups()),
        lambda it: {each.name for each in it.projects()} >= {"admin", "web"},
        lambda it: it.migrations(server),
        lambda it: isinstance(it.moves(), list),
        lambda it: isinstance(it.under_way(), list),
        lambda it: isinstance(it.hidden_hosts(), frozenset),
        lambda it: it.actions(server),
        lambda it: it.action(server, action.request_id),
        lambda it: it.allocations(server),
        lambda it: it.fits(there, TARGET),
        lambda it: it.ports(server),
        lambda it: it.attachments(server),
        lambda it: it.volumes(there),
        lambda it: it.shares(server),
        lambda it: it.network_agents(SOURCE),
        lambda it: it.has_image(place.image["images"][0]["id"]),
        lambda it: it.release(),
        lambda it: it.console_lines(server, 3),
    ]
    for number, question in enumerate(questions):
        assert question(limited.cloud) == question(limited.admin), number
    assert limited.cloud.credential_end() == limited.end


def test_each_verb_of_a_move_is_taken(limited: Limited) -> None:
    """What no move above needs: to end one otherwise, and what *Manual* asks."""
    place, cloud = limited.place, limited.cloud
    server = place.boot(SOURCE, live_seconds=LONG)

    def running() -> int | None:
        found = [it.id for it in cloud.migrations(server) if it.status == "running"]
        return found[0] if found else None

    def rests() -> bool:
        found = cloud.server(server)
        return found.task_state is None and found.status == "ACTIVE"

    cloud.live_migrate(server, host=TARGET)
    migration = place.until(running)
    place.until(lambda: cloud.progress(server, migration))
    cloud.abort(server, migration)
    place.until(rests)
    assert cloud.server(server).host == SOURCE

    cloud.live_migrate(server, host=TARGET)
    migration = place.until(running)
    cloud.force_complete(server, migration)
    place.until(lambda: rests() and cloud.server(server).host == TARGET)

    cloud.migrate(server, host=SOURCE)
    place.until(lambda: cloud.server(server).status == "VERIFY_RESIZE")
    cloud.revert(server)
    place.until(rests)

    cloud.stop(server)
    place.until(lambda: cloud.server(server).status == "SHUTOFF")
    shares = cloud.allocations(server)
    cloud.charge(server, shares)
    (port, *_) = cloud.ports(server)
    cloud.bind_port(port.id, TARGET)
    assert cloud.allocations(server) == shares
    cloud.start(server)
    place.until(rests)

    # fake hosts have no screens: it is Nova that says so, not a rule
    with pytest.raises((Blocked, Conflict)):
        cloud.console_url(server)
