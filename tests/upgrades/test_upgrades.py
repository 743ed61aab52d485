"""A database that an older version filled is brought up to date, and loses nothing."""

from __future__ import annotations

import shutil
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client

from migrations_app.audit import recorder, triggers, verify
from migrations_app.models import (
    ApprovalPolicy,
    AuditEntry,
    AuditHead,
    Drain,
    Instance,
    MigrationRequest,
    Run,
    Snapshot,
    Told,
)
from migrations_app.requests.approvals import evaluate
from tests.postgresql import PostgreSQL
from tests.upgrades import old_site

# Before the chain and the policies, before notices and searches, and before leaks.
VERSIONS = ("0009_aside", "0012_approvals", "0016_drains")
# What a migration is to change in rows that are there.
MADE = {
    "0009_aside": {
        "migrations_app_auditentry": {"previous", "digest"},
        "migrations_app_decision": {"groups"},
    }
}
# Columns that nothing read or wrote, and that are dropped.
DROPPED = {"migrations_app_run": {"rung_at"}}


Urls = dict[str, str]


class Upgraded:
    """What was there before, and what is there now."""

    def __init__(self, version: str) -> None:
        self.version = version
        tables = old_site.fill(old_site.migrate(version))
        self.before = old_site.content(tables)
        call_command("migrate", verbosity=0)
        self.after = old_site.content(tables)


@pytest.fixture(scope="module")
def in_sqlite(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any) -> Urls:
    """An empty database of each version, made out of the one before."""
    folder = tmp_path_factory.mktemp("old")
    files = {version: folder / f"{version}.sqlite3" for version in VERSIONS}
    urls = {version: f"sqlite:///{path}" for version, path in files.items()}
    for version, next_one in pairwise((*VERSIONS, "")):
        with django_db_blocker.unblock(), old_site.database(urls[version]):
            old_site.migrate(version)
        if next_one:
            shutil.copy(files[version], files[next_one])
    return urls


@pytest.mark.long
@pytest.mark.xdist_group("upgrades")
@pytest.mark.parametrize("version", VERSIONS)
def test_an_upgrade_loses_nothing(
    version: str, in_sqlite: Urls, django_db_blocker: Any
) -> None:
    with django_db_blocker.unblock(), old_site.database(in_sqlite[version]):
        expect_nothing_lost(Upgraded(version))


def test_an_upgrade_loses_nothing_on_postgresql(
    postgresql: PostgreSQL, django_db_blocker: Any
) -> None:
    """From the oldest: the code of every migration has rows to work on then."""
    url = postgresql.create("old")
    with django_db_blocker.unblock(), old_site.database(url):
        expect_nothing_lost(Upgraded(VERSIONS[0]))


def expect_nothing_lost(upgraded: Upgraded) -> None:
    """All rows are what they were, the trail holds, every page of theirs opens."""
    expect_rows_kept(upgraded)
    expect_what_migrations_made(upgraded)
    expect_trail_whole(upgraded)
    expect_pages_open()


def expect_rows_kept(upgraded: Upgraded) -> None:
    assert [t for t, rows in upgraded.before.items() if not rows] == []
    made = MADE.get(upgraded.version, {})
    lost = {}
    for table, rows in upgraded.before.items():
        for key, row in rows.items():
            now = upgraded.after[table].get(key, {})
            not_kept = made.get(table, set()) | DROPPED.get(table, set())
            wanted = {c: v for c, v in row.items() if c not in not_kept}
            kept = {column: now.get(column, "no such column") for column in wanted}
            if kept != wanted:
                lost[table, key] = {"was": wanted, "is": kept}
    assert lost == {}


def expect_what_migrations_made(upgraded: Upgraded) -> None:
    """What the code of the older version said without a row is in rows now."""
    names = ApprovalPolicy.objects.order_by("weight").values_list("name", flat=True)
    versions = ApprovalPolicy.objects.get(name="Standard").versions
    assert versions.get().note == "As novaweb comes."
    assert list(names)[:2] == ["Standard", "Dangerous procedures"]
    approved = MigrationRequest.objects.get(pk=3)
    decision = approved.decisions.get()
    if upgraded.version == "0009_aside":
        # one approval by anybody of the role was enough, and still is
        assert decision.groups == ["approver"]
        status = evaluate.approval_status_of(approved)
        assert status is not None and status.satisfied
    else:
        # the shop's own policy rules on
        assert list(names)[2:] == ["Shop"]
        assert decision.groups == ["network"]
        rule = evaluate.rule_for(approved)
        assert rule is not None and rule.name == "Shop"
    # nobody is told of what happened before there were notices
    last = AuditEntry.objects.latest("pk").pk
    assert Told.objects.get().entry == (last if upgraded.version < "0013" else 2)
    # what was read was read every five minutes
    assert set(Snapshot.objects.values_list("grain", flat=True)) == {5}


def expect_trail_whole(upgraded: Upgraded) -> None:
    """The chain holds, goes on, is searched by its words, and nobody may change it."""
    assert triggers.unlike(connection) == []
    assert verify.verify_all().good
    head = AuditHead.objects.get()
    assert (head.count, head.entry) == (3, AuditEntry.objects.latest("pk").pk)
    recorder.record("account.signed_in", actor_name="rita")
    assert verify.verify_all().good
    assert AuditHead.objects.get().count == 4


def expect_pages_open() -> None:
    reader = Client()
    reader.force_login(User.objects.get(username="otto"))
    assert len(reader.get("/api/audit/?q=quokka").json()["results"]) == 3
    paths = ["/", "/requests/", "/hypervisors/", "/hypervisors/compute-30/", "/leaks/"]
    paths += ["/drains/", "/policies/", "/windows/", "/notices/", "/webhooks/"]
    paths += [f"/instances/{each.uuid}/" for each in Instance.objects.all()]
    for request in MigrationRequest.objects.all():
        paths += [f"/requests/{request.pk}/", f"/requests/{request.pk}/evidence/"]
    paths += [f"/runs/{run.pk}/" for run in Run.objects.all()]
    paths += [f"/drains/{drain.pk}/" for drain in Drain.objects.all()]
    answers = {path: reader.get(path).status_code for path in paths}
    assert {path: it for path, it in answers.items() if it != 200} == {}
