"""Two web processes over PostgreSQL: what both are sent, and when one is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from tests.browser.web import Web
from tests.postgresql import PostgreSQL
from tests.processes.site import until

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 50
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def started(environment: Mapping[str, str], *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *words],
        env=environment,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )


def answer(process: subprocess.Popen[bytes]) -> bytes:
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


@pytest.fixture
def environment(postgresql: PostgreSQL, tmp_path: Path) -> dict[str, str]:
    """An installation on PostgreSQL with a pretend cloud, and no Redis."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "novaweb.settings",
        "NOVAWEB_DATABASE_URL": postgresql.create(
            "race", template=postgresql.migrated()
        ),
        "NOVAWEB_CLOUDS": "pretend",
        "NOVAWEB_PRETEND_FILE": str(tmp_path / "pretend.sqlite3"),
        "NOVAWEB_DEBUG": "true",
        "PYTHONPATH": str(ROOT),
    }


@pytest.fixture
def webs(environment: dict[str, str], tmp_path: Path) -> Iterator[list[Web]]:
    made = []
    try:
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            web = Web(tmp_path / name, environment=environment)
            web.environment["NOVAWEB_DATABASE_URL"] = environment[
                "NOVAWEB_DATABASE_URL"
            ]
            made.append(web)
            web.start()
        yield made
    finally:
        for web in made:
            web.stop()


def approve(
    address: str,
    token: str,
    digest: str,
    gate: Barrier | None = None,
    *,
    key: str | None = None,
) -> tuple[int, str]:
    """Approve, when all others do; return the status, and whether it is an old answer.

    0: no answer, since the process died.
    """
    request = urllib.request.Request(  # noqa: S310 - a server of this test
        address,
        data=json.dumps({"plan_digest": digest, "note": "Fine."}).encode(),
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            **({"Idempotency-Key": key} if key else {}),
        },
    )
    if gate:
        gate.wait()
    try:
        with direct.open(request, timeout=240) as said:
            return int(said.status), said.headers.get("Idempotent-Replayed", "")
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["type"]
    except OSError:
        return 0, ""


def test_exactly_the_needed_decisions_count_and_one_run_starts(
    environment: dict[str, str], webs: list[Web], postgresql: PostgreSQL
) -> None:
    seeded: dict[str, Any] = json.loads(
        answer(started(environment, "-m", "tests.processes.race", "seed"))
    )
    gate = Barrier(AT_ONCE)
    path = f"/api/requests/{seeded['id']}/approve/"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [
            pool.submit(
                approve,
                webs[number // 2 % 2].address + path,
                seeded["tokens"][number % 2],
                seeded["digest"],
                gate,
            )
            for number in range(AT_ONCE)
        ]
        statuses = Counter(each.result()[0] for each in asked)

    def rows(query: str) -> list[Any]:
        return postgresql.run(query, database="race")

    assert statuses == {200: 2, 409: AT_ONCE - 2}
    assert sorted(rows("SELECT by_name FROM migrations_app_decision")) == [
        ("ann",),
        ("ben",),
    ]
    assert rows("SELECT state FROM migrations_app_migrationrequest") == [("approved",)]

    words = ("-m", "tests.processes.race", "start")
    both = [started(environment, *words) for _ in range(2)]
    ran = sum(json.loads(answer(process))["started"] for process in both)
    assert ran == 1
    assert rows("SELECT count(*) FROM migrations_app_run") == [(1,)]
    verbs = Counter(
        verb for (verb,) in rows("SELECT verb FROM migrations_app_auditentry")
    )
    assert verbs["request.approved"] == 2
    assert verbs["request.ready"] == verbs["run.started"] == 1


def test_what_is_sent_to_both_with_one_key_is_carried_out_once(
    environment: dict[str, str], webs: list[Web], postgresql: PostgreSQL
) -> None:
    seeded: dict[str, Any] = json.loads(
        answer(started(environment, "-m", "tests.processes.race", "seed"))
    )
    gate = Barrier(10)
    path = f"/api/requests/{seeded['id']}/approve/"
    said = (seeded["tokens"][0], seeded["digest"])
    with ThreadPoolExecutor(10) as pool:
        asked = [
            pool.submit(approve, web.address + path, *said, gate, key="one")
            for web in webs * 5
        ]
        answers = Counter(each.result() for each in asked)

    # one does it; the others come while it is at it, or afterwards
    assert answers.pop((200, "")) == 1
    assert set(answers) <= {(200, "true"), (409, "urn:novaweb:unanswered")}
    assert [approve(web.address + path, *said, key="one") for web in webs] == [
        (200, "true")
    ] * 2
    query = "SELECT count(*) FROM migrations_app_decision"
    assert postgresql.run(query, database="race") == [(1,)]


def test_what_a_killed_process_was_at_is_not_carried_out_by_the_other(
    environment: dict[str, str], webs: list[Web], postgresql: PostgreSQL
) -> None:
    seeded: dict[str, Any] = json.loads(
        answer(started(environment, "-m", "tests.processes.race", "seed"))
    )
    one, two = webs
    path = f"/api/requests/{seeded['id']}/approve/"
    said = (seeded["tokens"][0], seeded["digest"])
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    with ThreadPoolExecutor(1) as pool, postgresql.connect("race") as held:
        # its act waits for the end of the trail, in the transaction of its decision
        held.execute("BEGIN")
        held.execute("LOCK TABLE migrations_app_audithead IN ACCESS EXCLUSIVE MODE")
        asked = pool.submit(approve, one.address + path, *said, key="one")
        until(lambda: postgresql.run(waiting) != [(0,)], "the decision to be made")
        one.stop()
        assert asked.result() == (0, "")
        held.execute("ROLLBACK")

    assert approve(two.address + path, *said, key="one") == (
        409,
        "urn:novaweb:unanswered",
    )
    query = "SELECT count(*) FROM migrations_app_decision"
    assert postgresql.run(query, database="race") == [(0,)]
    assert approve(two.address + path, *said, key="another") == (200, "")
