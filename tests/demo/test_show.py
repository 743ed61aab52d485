from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from demo.people import PARTS
from demo.shown.cloud import Pretend
from demo.shown.scenes import EMPTIED, HELD, PRETEND, TO_EMPTY, Scene
from migrations_app import jobs
from migrations_app.audit.verify import verify_all
from migrations_app.drains import engine as drain_engine
from migrations_app.errors import Unreachable
from migrations_app.integrations import connect
from migrations_app.models import AuditEntry, Decision, Drain, Instance, Leak
from migrations_app.models import MigrationRequest as Request
from migrations_app.requests import actions as request_actions
from pretend import PretendCloud
from tests import emptied_database
from tests.demo.installation import Installation
from tests.web import role_table

pytestmark = [
    pytest.mark.django_db,
    # one worker of pytest seeds, once, for all of them
    pytest.mark.xdist_group("the demo's pages"),
]
ROOT = Path(__file__).resolve().parents[2]
# Forms, and what is no page of a list.
NO_LISTS = {"sign-in/", "drains/ask/", "requests/ask/", "policies/new/"} | {
    *("windows/new/", "windows/import/", "what-if/", "speeds/", "notices/bell/"),
    *("healthz", "readyz", "metrics", "hypervisors.csv", "windows/novaweb.ics"),
}
OF_THEN = {"waits": "requested", "glass": "completed"}
OF_MISHAP = {"finish": "held", "transfer": "rolled_back", "never": "running"}


@pytest.fixture(scope="module")
def installation(
    django_db_setup: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Installation]:
    """The demo, started once and left alone until nothing changes any more."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setattr(settings, "NOVAWEB_WEBHOOK_NETWORKS", ["127.0.0.0/8"])
        patch.setattr(settings, "NOVAWEB_LEAKS_EVERY", 3600.0)
        patch.setattr(settings, "NOVAWEB_LEASE", 600.0)
        made = Installation(tmp_path_factory.mktemp("demo"))
        # what waits for time to pass does not wait in vain while it stands still
        patch.setattr(jobs, "SPELL", 0.01)
        # its clock is the real one, as a default that was bound before
        patch.setattr(
            drain_engine.look_at_due, "__kwdefaults__", {"clock": made.now, "most": 3}
        )
        # tests keep their connection
        patch.setattr(jobs, "close_old_connections", lambda: None)
        patch.setattr(connect, "_cloud", lambda name: made.cloud)
        patch.setattr(timezone, "now", made.now)
        made.start()
        made.rest()
        try:
            yield made
        finally:
            made.ear.stop()
            emptied_database.empty()


def request_of(scene: Scene) -> Request:
    return Request.objects.get(ticket=scene.ticket)


def meant(scene: Scene) -> str:
    if scene.tonight:
        return "approved"
    if scene.then:
        return OF_THEN.get(scene.then, scene.then)
    return OF_MISHAP.get(scene.mishap, "completed")


def browser(name: str) -> Client:
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def counts() -> dict[str, int]:
    tables = (Request, Decision, Drain, AuditEntry)
    return {table.__name__: table.objects.count() for table in tables}


def sentences_of_nothing() -> list[str]:
    """Return what templates and tables say where a list has nothing in it."""
    found = []
    for path in (ROOT / "templates").rglob("*.html"):
        for said in re.findall(r"{% empty %}(.*?){% endfor", path.read_text(), re.S):
            found += re.findall(r">([^<>{}]{15,})<", said)
    tables = (ROOT / "migrations_app" / "web").rglob("*table*.py")
    for path in tables:
        found += re.findall(r'empty_text = "(.*?)"', path.read_text())
    return [" ".join(unescape(each).split()) for each in found]


def lists(prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the address of every list, and somebody of the demo who may see it."""
    for route, (method, answers) in role_table.TABLE.items():
        if method != "GET" or "<" in route or "^" in route or route in NO_LISTS:
            continue
        if route.startswith("api/") != bool(prefix):
            continue
        for role, status in zip(role_table.ROLES, answers, strict=True):
            if status == 200 and role in PARTS:
                yield f"/{route}", role


def test_every_scene_came_out_as_it_is_meant_to(installation: Installation) -> None:
    found = {scene.ticket: str(request_of(scene).state) for scene in PRETEND}
    assert found == {scene.ticket: meant(scene) for scene in PRETEND}


def test_a_run_is_held_with_what_the_cloud_said(installation: Installation) -> None:
    assert "No space left on device" in request_of(HELD).why


def test_one_host_is_empty_and_one_waits_to_be(installation: Installation) -> None:
    assert Drain.objects.get(ticket=EMPTIED.ticket).state == "completed"
    waiting = Drain.objects.get(ticket=TO_EMPTY.ticket)
    assert waiting.state == "requested"
    assert waiting.stays
    assert Leak.objects.exists()


def test_no_list_is_empty(installation: Installation) -> None:
    nothing = sentences_of_nothing()
    assert len(nothing) > 15
    looked, empty = set(), {}
    for path, who in lists():
        answer = browser(who).get(path)
        assert answer.status_code == 200, path
        text = " ".join(unescape(strip_tags(answer.content.decode())).split())
        looked.add(path)
        if said := [each for each in nothing if each in text]:
            empty[path, who] = said
    assert empty == {}
    assert {"/", "/leaks/", "/deliveries/", "/audit/", "/windows/"} <= looked


def test_no_list_of_the_api_is_empty(installation: Installation) -> None:
    empty = set()
    for path, who in lists("api/"):
        answer = browser(who).get(path)
        if answer["Content-Type"] == "application/json":
            said = answer.json()
            if (said.get("results") if isinstance(said, dict) else said) == []:
                empty.add(path)
    assert empty == set()


def test_everything_seeded_has_a_page(installation: Installation) -> None:
    operator, auditor = browser("operator"), browser("auditor")
    for request in Request.objects.all():
        assert operator.get(f"/requests/{request.pk}/").status_code == 200
        timeline = auditor.get(f"/audit/timelines/request/{request.pk}/")
        assert request.instance_name in timeline.content.decode()
    for drain in Drain.objects.all():
        assert operator.get(f"/drains/{drain.pk}/").status_code == 200


def test_the_audit_trail_verifies_and_names_people(installation: Installation) -> None:
    assert verify_all().good
    actors = set(AuditEntry.objects.values_list("actor_name", flat=True))
    assert set(PARTS) <= actors | {"requester"}


def test_a_second_start_changes_nothing(installation: Installation) -> None:
    before = counts()

    installation.start()

    assert counts() == before


def test_an_interrupted_seeding_is_finished(
    installation: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    # as an earlier start leaves it that died between asking and approving
    half = Request.objects.get(ticket="DEMO-20")
    with mock.patch.object(connect, "world_for", side_effect=Unreachable("Away.")):
        Request.objects.filter(pk=half.pk).update(state="requested")
        Decision.objects.filter(request=half).delete()
        installation.start()
    assert "not to be had" in capsys.readouterr().out

    installation.start()

    half.refresh_from_db()
    assert half.state == "approved"


def test_the_endless_move_keeps_no_other_from_its_end(
    installation: Installation,
) -> None:
    guest = Instance.objects.filter(host="compute-35", name="night-01").get()
    request = request_actions.ask(
        by=User.objects.get(username="requester"),
        instance=guest.uuid,
        procedure="live",
        target="compute-30",
        reason="The host that has a move without an end is to be left.",
    )
    request_actions.approve(
        request.pk,
        by=User.objects.get(username="approver"),
        plan_digest=request.plan_digest,
        note="Fine.",
    )

    for _ in range(30):
        installation.work()

    request.refresh_from_db()
    assert request.state == "completed"


def test_two_approvers_can_be_two(installation: Installation) -> None:
    half = Request.objects.get(ticket="DEMO-18")
    page = browser("approver").get(f"/requests/{half.pk}/").content.decode()
    assert "2 of approver" in page

    answer = browser("approver-2").post(
        f"/requests/{half.pk}/approve/",
        {"plan_digest": half.plan_digest, "note": "I looked at it, too."},
    )

    assert answer.status_code == 302
    half.refresh_from_db()
    assert half.state == "approved"
    assert isinstance(Pretend().cloud, PretendCloud)
