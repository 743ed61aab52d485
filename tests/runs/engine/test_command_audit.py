"""Every command on a host and every statement is in the trail, with its outcome."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from migrations_app.audit import recorder
from migrations_app.errors import Blocked
from migrations_app.integrations.interfaces import Cloud, Command, World
from migrations_app.models import AuditEntry, Run
from migrations_app.runs.engine import command_audit
from migrations_app.runs.engine.command_audit import recorded
from migrations_app.runs.log_export import log_proof
from tests.cast import COMMANDS, Cast, walk_until
from tests.stage import Stage

pytestmark = pytest.mark.django_db
LOOK = Command("look_job", "cat out", reads=True)
ACT = Command("start_job", "rsync --password=hunter2 a b")


class Host:
    """Answers what it is told to."""

    def __init__(self) -> None:
        self.answer: str | Exception = "running"
        self.entries: list[str] = []

    def run(self, host: str, command: Command, *, timeout: float = 20.0) -> str:
        self.entries = told()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def told() -> list[str]:
    found = AuditEntry.objects.filter(verb__in=COMMANDS).order_by("pk")
    return list(found.values_list("verb", flat=True))


@pytest.fixture
def run(stage: Stage, cast: Cast) -> Run:
    return cast.run(stage, procedure="cold")


@pytest.fixture
def host() -> Host:
    command_audit._seen.clear()
    return Host()


def hosts(host: Host, run: Run, step: str = "copy") -> Any:
    cloud: Cloud = None  # type: ignore[assignment]  # nobody asks it
    return recorded(World(cloud=cloud, hosts=host), run=run, step=step).hosts


def test_what_changes_something_is_there_before_and_after(host: Host, run: Run) -> None:
    host.answer = "started"
    assert hosts(host, run).run("compute-1", ACT) == "started"
    assert host.entries == ["run.command"]
    assert told() == ["run.command", "run.answered"]
    before, after = AuditEntry.objects.filter(verb__in=COMMANDS).order_by("pk")
    assert (before.run_number, before.after["host"]) == (run.pk, "compute-1")
    assert before.after["sha256"] == hashlib.sha256(ACT.text.encode()).hexdigest()
    assert after.after["answer"] == "started"
    assert after.after["command_entry"] == before.pk
    assert recorder.sentence(before) == "novaweb ran start_job for the move of web"


def test_what_fails_is_recorded_with_its_trouble(host: Host, run: Run) -> None:
    host.answer = Blocked("No space is left there.")
    for command in (ACT, LOOK):
        with pytest.raises(Blocked):
            hosts(host, run).run("compute-1", command)
    entries = AuditEntry.objects.filter(verb__in=("run.answered", "run.looked"))
    assert [e.after["trouble"] for e in entries] == ["No space is left there."] * 2


def test_no_secret_is_kept(host: Host, run: Run) -> None:
    host.answer = "<graphics passwd='swordfish' port='1'/>"
    hosts(host, run).run("compute-1", ACT)
    kept = str(list(AuditEntry.objects.values("after")))
    assert "hunter2" not in kept
    assert "swordfish" not in kept
    assert "port='1'" in AuditEntry.objects.first().after["answer"]  # type: ignore[union-attr]


@pytest.mark.parametrize("forgets", [False, True], ids=["same worker", "another"])
def test_a_look_is_recorded_once_for_each_answer(
    host: Host, run: Run, forgets: bool
) -> None:
    for answer, count in (
        ("running 10", 1),
        ("running 10", 1),
        ("running 99.5", 1),
        ("ended 0", 2),
        ("running 7", 3),
    ):
        host.answer = answer
        hosts(host, run).run("compute-1", LOOK)
        if forgets:
            command_audit._seen.clear()
        assert told() == ["run.looked"] * count
    hosts(host, run).run("compute-2", LOOK)
    hosts(host, run, "another").run("compute-2", LOOK)
    assert told() == ["run.looked"] * 5


def test_long_texts_are_shortened_and_known_by_their_hash(host: Host, run: Run) -> None:
    host.answer = "x" * 100_000
    hosts(host, run).run("compute-1", ACT)
    entry = AuditEntry.objects.get(verb="run.answered")
    assert len(entry.after["answer"]) < 3000
    whole = hashlib.sha256(b"x" * 100_000).hexdigest()
    assert entry.after["answer_sha256"] == whole


def test_the_end_of_a_run_names_the_hash_of_its_log(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage, procedure="cold")
    walk_until(stage, run, asked="migrate_cold")
    run = stage.play(run)
    entry = AuditEntry.objects.get(verb="run.completed")
    assert entry.after["log_lines"] == run.lines.count() > 3
    assert entry.after["log_sha256"] == log_proof(run.pk)["log_sha256"]
