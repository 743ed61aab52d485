"""What /metrics tells, and what the alerts and the dashboard in deploy/ make of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml
from django.test import Client
from django.utils import timezone

from migrations_app.models import Step
from migrations_app.models.states import RequestState, RunState
from migrations_app.runs import wakeup
from tests import factories

pytestmark = pytest.mark.django_db
DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "novaweb.rules.yml"
DASHBOARD = DEPLOY / "grafana" / "novaweb.json"


@pytest.fixture
def figures(client: Client, settings: Any) -> Any:
    """Return what /metrics says, by figure."""
    settings.NOVAWEB_METRICS_TOKEN = "figures"

    def read() -> dict[str, float]:
        answer = client.get("/metrics", headers={"Authorization": "Bearer figures"})
        lines = answer.content.decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if line[0] != "#")
        return {name: float(value) for name, value in pairs}

    return read


def test_it_tells_how_long_steps_take(figures: Any) -> None:
    now = timezone.now()
    for seconds in (10, 30):
        run = factories.run()
        Step.objects.create(
            run=run,
            position=0,
            key="waits_for_it",
            sentence="It moves.",
            begun_at=now - timedelta(seconds=seconds),
            done_at=now,
        )
        Step.objects.create(run=run, position=1, key="to_do", sentence="Not yet.")
    told = figures()
    step = '{procedure="live",step="waits_for_it"}'
    assert told[f"novaweb_step_mean_seconds{step}"] == pytest.approx(20, abs=0.01)
    assert told[f"novaweb_step_longest_seconds{step}"] == pytest.approx(30, abs=0.01)
    assert not any("to_do" in name for name in told)


def test_without_redis_it_says_so_and_tells_the_rest(figures: Any) -> None:
    told = figures()
    assert told["novaweb_redis_up"] == 0
    assert not any("novaweb_queue" in name for name in told)
    assert "novaweb_audit_trouble" in told


# django-rq 4 puts a job into its queue when the transaction around it commits
@pytest.mark.django_db(transaction=True)
def test_it_tells_what_waits_in_the_queues(figures: Any, redis_url: str) -> None:
    assert wakeup.ring_now("migrations_app.jobs.walk_due", queue="runs")
    told = figures()
    assert told["novaweb_redis_up"] == 1
    assert told['novaweb_queue_jobs{queue="runs"}'] == 1
    assert told['novaweb_queue_jobs{queue="inventory"}'] == 0
    assert 0 <= told['novaweb_queue_seconds{queue="runs"}'] < 60


@pytest.mark.parametrize("field", ["enqueued_at", "status", "timeout", "created_at"])
@pytest.mark.django_db(transaction=True)
def test_a_job_that_nobody_can_read_hides_its_age_alone(
    figures: Any, redis_url: str, field: str
) -> None:
    assert wakeup.ring_now("migrations_app.jobs.walk_due", queue="runs")
    with redis.Redis.from_url(redis_url) as connection:
        (key,) = connection.keys("rq:job:*")
        connection.hset(key, field, "none")
    told = figures()
    assert told["novaweb_redis_up"] == 1
    assert told['novaweb_queue_jobs{queue="runs"}'] == 1
    assert 'novaweb_queue_seconds{queue="runs"}' not in told
    assert told['novaweb_queue_seconds{queue="inventory"}'] == 0


def expressions() -> list[str]:
    """Return every query of the alerts and the dashboard."""
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    rules = [rule["expr"] for group in groups for rule in group["rules"]]
    return rules + [it["expr"] for panel in panels for it in panel["targets"]]


def test_alerts_and_dashboard_ask_for_figures_that_there_are(
    figures: Any, redis_url: str
) -> None:
    factories.cloud("east", synced_at=timezone.now(), sync_seconds=1.0)
    Step.objects.create(
        run=factories.run(),
        position=0,
        key="waits_for_it",
        sentence="It moves.",
        begun_at=timezone.now(),
        done_at=timezone.now(),
    )
    told = {name.partition("{")[0] for name in figures()}
    asked = {name for text in expressions() for name in _NAMES.findall(text)}
    assert len(asked) > 10
    assert asked - told == set()


def test_the_states_that_they_ask_for_are_states() -> None:
    states = {*RunState, *RequestState}
    asked = [word for text in expressions() for word in _STATES.findall(text)]
    assert asked
    assert {each for word in asked for each in word.split("|")} - states == set()


def test_no_panel_lies_over_another() -> None:
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert x < 24
                assert (x, y) not in taken, (panel["title"], taken[x, y])
                taken[x, y] = panel["title"]
    assert len({panel["id"] for panel in panels}) == len(panels)


@pytest.mark.skipif(
    shutil.which("promtool") is None,
    reason="promtool is not installed: apt-get install prometheus",
)
def test_alerts_are_raised_when_they_should() -> None:
    tests = RULES.with_name("novaweb.rules.test.yml")
    done = subprocess.run(
        ["promtool", "test", "rules", str(tests)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


_NAMES = re.compile(r"\bnovaweb_\w+")
_STATES = re.compile(r'state(?:!=|=~|=)"([^"]*)"')
