"""Web processes without keys, workers with them: real workers, a real Valkey and sshd.

This process is the web one: it has no way into hosts or Nova's database.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from migrations_app.errors import NotAllowed, Unfit, Unreachable
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import InsideFacts, MoveQuestion
from migrations_app.integrations.looks import wire
from migrations_app.models import MigrationRequest
from migrations_app.preflight import inside
from migrations_app.requests import actions as request_actions
from migrations_app.requests import plan as request_plan
from migrations_app.runs import inspection, inspection_inside
from migrations_app.runs.inspection import Inspection
from pretend import PretendCloud
from tests.integrations.adapters.sshd import Sshd
from tests.processes.conftest import MakeSite
from tests.processes.site import PATIENCE, Site, approved, person, run_of, until

pytestmark = pytest.mark.django_db(transaction=True)
SOURCE, TARGET = "compute-30", "compute-34"
SERVER = "8f14e45f-ceea-467f-a9d1-0123456789ab"


@pytest.fixture
def web_of(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[Site], None]:
    """Make this process a web process of that site."""

    def make(site: Site) -> None:
        settings.NOVAWEB_HOSTS_ENTERED_BY = "worker"
        settings.NOVAWEB_SSH = settings.NOVAWEB_NOVA_DB = {}
        settings.NOVAWEB_REDIS_URL = site.environment["NOVAWEB_REDIS_URL"]
        # a busy machine is no dead worker
        settings.NOVAWEB_LOOK_TIMEOUT = PATIENCE
        monkeypatch.setattr(wire, "SILENCE", PATIENCE)
        monkeypatch.setattr(wire, "LONGEST", PATIENCE)
        monkeypatch.setattr(inspection_inside, "SECONDS", PATIENCE)
        monkeypatch.setattr(connect, "_ways", None)

    return make


@pytest.fixture
def site(make_site: MakeSite, web_of: Callable[[Site], None], tmp_path: Path) -> Site:
    file = str(tmp_path / "pretend.sqlite3")
    made = make_site(NOVAWEB_CLOUDS="pretend", NOVAWEB_PRETEND_FILE=file)
    web_of(made)
    return made


@pytest.fixture
def cloud(site: Site) -> PretendCloud:
    """The pretend cloud of the site, with one instance more."""
    found = connect.cloud_of("pretend")
    assert isinstance(found, PretendCloud)
    for host in (SOURCE, TARGET):
        if host not in {each.host for each in found.hypervisors()}:
            found.add_host(host, zone="OS1")
    return found


def ask(server: str, procedure: str, target: str | None = TARGET) -> MigrationRequest:
    return request_actions.ask(
        by=person("requester"),
        instance=server,
        procedure=procedure,
        target=target,
        reason="The host is to be emptied.",
        cloud="pretend",
    )


def own_digest(request: MigrationRequest, settings: Any) -> str:
    """Return the digest of the plan that a process makes which enters hosts itself."""
    settings.NOVAWEB_HOSTS_ENTERED_BY = "self"
    try:
        return request_plan.redraft(request).digest
    finally:
        settings.NOVAWEB_HOSTS_ENTERED_BY = "worker"


def test_plans_are_what_they_are_where_web_enters_itself(
    site: Site, cloud: PretendCloud, settings: Any
) -> None:
    site.work()
    for procedure in ("live", "cold", "cold_by_disabling", "manual"):
        for target in (TARGET, None) if procedure in {"live", "cold"} else (TARGET,):
            server = cloud.create(f"{procedure}-{target}", host=SOURCE)
            request = ask(server, procedure, target)
            assert request.plan_digest == own_digest(request, settings), procedure
            assert request.facts["enters" if procedure != "manual" else "before"]
    approval = request_actions.approve(
        request.pk,
        by=person("approver"),
        plan_digest=request.plan_digest,
        note="Fine.",
    )
    assert approval.decisions.count() == 1


def test_without_a_worker_it_is_asked_for_and_not_approved(
    site: Site, cloud: PretendCloud, settings: Any
) -> None:
    settings.NOVAWEB_LOOK_TIMEOUT = 1.0
    for target in (TARGET, None):
        request = ask(cloud.create(f"web-{target}", host=SOURCE), "live", target)
        unread = [each for each in request.findings if each["rule"] == "hosts.read"]
        if target:  # else the scheduler chooses, and hosts are not read at all
            assert unread[0]["severity"] == "unknown"
            assert "is novaweb-worker running?" in str(unread)
        with pytest.raises(Unreachable, match=r"in 1 s: is novaweb-worker running\?"):
            request_actions.approve(
                request.pk,
                by=person("approver"),
                plan_digest=request.plan_digest,
                note="Fine.",
            )
        request.refresh_from_db()
        assert request.state == "requested"
    with pytest.raises((Unfit, Unreachable), match="novaweb-worker"):
        ask(cloud.create("by-hand", host=SOURCE), "manual")


def test_what_a_person_may_not_ask_no_worker_is_asked(
    site: Site, cloud: PretendCloud
) -> None:
    server = cloud.create("web", host=SOURCE)
    for name in ("auditor", "approver"):
        with pytest.raises(NotAllowed):
            request_actions.preflight(
                by=person(name), instance=server, target=TARGET, cloud="pretend"
            )
    # nobody is there to take it: it would be waiting still
    assert wire.client().keys("novaweb:*") == []


def test_a_worker_that_is_killed_while_it_looks_leaves_it_unknown(
    site: Site, cloud: PretendCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = site.work()
    server = cloud.create("web", host=SOURCE)
    cloud.die("ssh.survey_host", "before", hard=True)
    monkeypatch.setattr(wire, "SILENCE", 3.0)
    request = ask(server, "live")
    assert worker.wait(PATIENCE) == -9
    (unread,) = (each for each in request.findings if each["rule"] == "hosts.read")
    assert unread["severity"] == "unknown"
    assert "novaweb-worker) has ended before it answered" in str(unread)
    monkeypatch.setattr(wire, "SILENCE", PATIENCE)
    site.work()
    found = request_actions.preflight(
        by=person("requester"), instance=server, target=TARGET, cloud="pretend"
    )
    assert not [
        finding
        for option in found.options
        for finding in option.findings
        if finding.rule == "hosts.read"
    ]


def test_pages_show_what_a_worker_sees_of_a_run(
    site: Site, cloud: PretendCloud, settings: Any
) -> None:
    site.work()
    server = cloud.create("web", host=SOURCE)
    cloud.spoil(server, "finish", "The disk was full.")
    request = approved("pretend", server, "live", TARGET)
    run = run_of(request)

    def held() -> bool:
        run.refresh_from_db()
        return run.state == "held"

    until(held, "the run to be held")

    def all_told() -> Inspection | None:
        found = inspection.inspect_run(run)
        return None if any(each.trouble for each in found.rows) else found

    # the worker has its own time limit
    told = until(all_told, "a worker to tell all")
    settings.NOVAWEB_HOSTS_ENTERED_BY = "self"
    own = inspection.inspect_run(run)
    settings.NOVAWEB_HOSTS_ENTERED_BY = "worker"
    assert told.rows == own.rows
    assert (told.verdict, told.undo_verdict) == (own.verdict, own.undo_verdict)

    for each in site.workers:
        each.kill()
        each.wait()
    settings.NOVAWEB_LOOK_TIMEOUT = 1.0
    browser = Client()
    browser.force_login(person("operator"))
    page = browser.get(f"/runs/{run.pk}/world/").content.decode()
    assert "No worker answered in 1 s: is novaweb-worker running?" in page
    assert "ERROR" in page  # what Nova says is there all the same


def test_the_worker_enters_by_ssh_and_the_web_process_needs_no_key(
    make_site: MakeSite, web_of: Callable[[Site], None], tmp_path: Path
) -> None:
    clouds = tmp_path / "clouds.yaml"
    sign_in = (
        "{auth_url: http://127.0.0.1:1, username: x, password: x, project_name: x}"
    )
    clouds.write_text(f"clouds: {{real: {{auth: {sign_in}}}}}\n", encoding="ascii")
    (tmp_path / "sshd").mkdir()
    host = Sshd(tmp_path / "sshd")
    log = tmp_path / "sshd" / "sshd.log"
    try:
        host.start()
        site = make_site(
            NOVAWEB_CLOUDS="real",
            OS_CLIENT_CONFIG_FILE=str(clouds),
            NOVAWEB_SSH=f"real={host.config(host='compute-*')}",
        )
        web_of(site)
        site.work()
        world = connect.world_for("real")
        assert (world.hosts, world.nova_db) == (None, None)
        assert "Accepted publickey" not in log.read_text("utf-8")
        found = inside.inside(world, MoveQuestion(SERVER, "compute-40", "compute-41"))
        assert "Accepted publickey" in log.read_text("utf-8")
    finally:
        host.stop()
    assert isinstance(found, InsideFacts)
    assert (found.entered, found.database) == (True, False)
    assert found.survey is not None
    assert "novaweb-worker" not in str(found.survey.unread)
