"""Look, ask, decide and watch by the REST interface: the main job of a program."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group

from migrations_app.models import MigrationRequest, Run
from migrations_app.preflight.rule import PROCEDURES
from migrations_app.requests import start as request_start
from tests import factories
from tests.api.conftest import REASON, Person, ask
from tests.cast import Cast
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_preflight_gives_every_way_and_recommends_one(
    rita: Person, stage: Stage
) -> None:
    answer = rita.post("preflight/", instance=stage.server)

    assert answer.status == 200
    ways = {(way["procedure"], way["target"]) for way in answer.json["advice"]}
    assert ways == {(procedure, stage.target) for procedure in PROCEDURES}
    assert answer.json["recommended"] == {"procedure": "live", "target": stage.target}
    assert answer.json["why"].startswith("Live stops the guest for up to 2 s")
    first = answer.json["advice"][0]
    assert first["verdict"] in {"ok", "warns", "unknown"}
    assert first["estimate"]["words"]
    assert {"rule", "severity", "sentence", "remedy"} <= set(first["findings"][0])
    assert not MigrationRequest.objects.exists()


def test_preflight_looks_at_one_way_when_one_is_named(
    rita: Person, stage: Stage
) -> None:
    answer = rita.post(
        "preflight/", instance=stage.server, procedure="cold", target=stage.source
    )

    (way,) = answer.json["advice"]
    assert (way["procedure"], way["verdict"]) == ("cold", "blocks")
    assert answer.json["recommended"] is None


def test_asking_returns_the_plan_and_its_digest(rita: Person, stage: Stage) -> None:
    answer = ask(rita, stage, ticket="OPS-1")

    assert answer.status == 201
    found = answer.json
    assert (found["state"], found["procedure"]) == ("requested", "live")
    assert (found["source"], found["target"]) == (stage.source, stage.target)
    assert (found["reason"], found["ticket"]) == (REASON, "OPS-1")
    assert found["asked_by"] == "requester"
    (first, *_) = found["plan"]
    assert {"key", "title", "sentence", "final", "commands"} == set(first)
    assert {"rule", "severity", "sentence", "remedy"} <= set(found["findings"][0])
    assert len(found["plan_digest"]) == 64
    assert (found["decisions"], found["run"]) == ([], None)
    path = answer.headers["Location"].partition("/api/")[2]
    assert rita.get(path).json == found


def test_auto_becomes_a_procedure(rita: Person, stage: Stage) -> None:
    found = ask(rita, stage, procedure="auto").json

    assert (found["asked_procedure"], found["procedure"]) == ("auto", "live")


def test_without_a_target_the_scheduler_chooses(rita: Person, stage: Stage) -> None:
    assert ask(rita, stage, target=None).json["target"] is None


def test_what_the_preflight_forbids_says_so_with_its_findings(
    rita: Person, stage: Stage
) -> None:
    answer = ask(rita, stage, target=stage.source)

    assert answer.status == 422
    assert answer.detail
    blocking = [f for f in answer.json["findings"] if f["severity"] == "blocks"]
    assert blocking and blocking[0]["sentence"] in answer.detail


def test_an_instance_that_is_gone_is_said_in_a_sentence(
    rita: Person, stage: Stage
) -> None:
    for answer in (
        ask(rita, stage, instance=str(uuid.uuid4())),
        rita.post("preflight/", instance=str(uuid.uuid4())),
    ):
        assert answer.status == 422
        assert answer.detail


def test_a_cloud_that_does_not_answer_is_a_503(rita: Person, stage: Stage) -> None:
    stage.cloud.down()

    assert ask(rita, stage).status == 503
    assert rita.post("preflight/", instance=stage.server).status == 503
    assert ask(rita, stage).detail


def test_a_cloud_that_refuses_our_password_is_a_502(rita: Person, stage: Stage) -> None:
    stage.cloud.lock_out()

    assert ask(rita, stage).status == 502
    assert "clouds.yaml" in ask(rita, stage).detail


def test_a_second_request_for_the_same_instance_comes_too_late(
    rita: Person, stage: Stage
) -> None:
    ask(rita, stage)

    answer = ask(rita, stage)

    assert answer.status == 409
    assert "open request" in answer.detail


def test_an_approval_needs_the_digest_that_was_shown(
    rita: Person, anna: Person, stage: Stage
) -> None:
    number = ask(rita, stage).json["id"]

    answer = anna.post(f"requests/{number}/approve/", plan_digest="0" * 64, note="Ok.")

    assert answer.status == 409
    assert anna.get(f"requests/{number}/").json["decisions"] == []


def test_an_approval_needs_a_note(rita: Person, anna: Person, stage: Stage) -> None:
    asked = ask(rita, stage).json

    answer = anna.post(
        f"requests/{asked['id']}/approve/", plan_digest=asked["plan_digest"]
    )

    assert answer.status == 422
    assert "auditor" in answer.detail


def test_nobody_approves_their_own(rita: Person, cast: Cast, stage: Stage) -> None:
    cast.requester.groups.add(Group.objects.get(name="approver"))
    asked = ask(rita, stage).json

    answer = rita.post(
        f"requests/{asked['id']}/approve/", plan_digest=asked["plan_digest"], note="Me."
    )

    assert answer.status == 403
    assert "another person" in answer.detail


def test_an_approver_rejects_with_a_reason(
    rita: Person, anna: Person, stage: Stage
) -> None:
    number = ask(rita, stage).json["id"]

    answer = anna.post(f"requests/{number}/reject/", note="Not this week.")

    assert (answer.status, answer.json["state"]) == (200, "rejected")
    (decision,) = answer.json["decisions"]
    assert (decision["by"], decision["approves"]) == ("approver", False)
    assert decision["note"] == "Not this week."


def test_who_asked_can_withdraw(rita: Person, stage: Stage) -> None:
    number = ask(rita, stage).json["id"]

    answer = rita.post(f"requests/{number}/withdraw/", note="No longer needed.")

    assert (answer.status, answer.json["state"]) == (200, "withdrawn")
    again = rita.post(f"requests/{number}/withdraw/", note="No longer needed.")
    assert again.status == 409


def test_the_main_job_from_asking_to_its_end(
    rita: Person, anna: Person, cast: Cast, stage: Stage
) -> None:
    asked = ask(rita, stage).json
    approved = anna.post(
        f"requests/{asked['id']}/approve/",
        plan_digest=asked["plan_digest"],
        note="As agreed.",
    )
    assert (approved.status, approved.json["state"]) == (200, "approved")
    assert approved.json["decisions"][0]["counts"] is True
    request_start.start_due(stage.time)
    under_way = rita.get(f"requests/{asked['id']}/").json
    assert (under_way["state"], under_way["run"]["state"]) == ("running", "running")

    stage.play(Run.objects.get())

    done = rita.get(f"requests/{asked['id']}/").json
    assert done["state"] == "completed"
    run = done["run"]
    assert (run["state"], run["why"]) == ("completed", "")
    keys = [step["key"] for step in asked["plan"]]
    assert [(s["key"], s["state"]) for s in run["steps"]] == [(k, "done") for k in keys]
    lines = rita.get(f"runs/{run['id']}/lines/", after=0).json
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1))
    assert {"number", "at", "step", "text"} == set(lines[0])
    assert run["last_line"] == lines[-1]
    some = rita.get(f"runs/{run['id']}/lines/", after=lines[-3]["number"]).json
    assert some == lines[-2:]
    auditor = Person(cast.auditor)
    trail = auditor.get("audit/", instance=stage.server).json["results"]
    assert [entry["verb"] for entry in trail][-3:] == [
        "request.ready",
        "request.approved",
        "request.asked",
    ]
    assert "requester requested a move of web" in trail[-1]["sentence"]


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"state": "requested"}, ["a"]),
        ({"state": "open"}, ["b", "a"]),
        ({"mine": "true"}, ["a"]),
        ({"mine": "false"}, ["c", "b"]),
        ({"q": "B"}, ["b"]),
        ({"whose": "mine"}, ["a"]),
        ({}, ["c", "b", "a"]),
    ],
)
def test_requests_are_narrowed_newest_first(
    requester: Person, parameters: dict[str, str], names: list[str]
) -> None:
    factories.request(of=factories.instance("a"), asked_by=requester.user)
    running = factories.request(of=factories.instance("b"), state="running")
    factories.run(of=running)
    factories.request(of=factories.instance("c"), state="rejected")

    answer = requester.get("requests/", **parameters)

    assert [each["instance_name"] for each in answer.json["results"]] == names
    runs = {each["instance_name"]: each["run"] for each in answer.json["results"]}
    if "b" in runs:
        assert runs["b"] == {"id": running.run.pk, "state": "running"}


def test_requests_of_one_instance_are_found_by_its_uuid(requester: Person) -> None:
    wanted = factories.request()
    factories.request()

    answer = requester.get("requests/", instance=wanted.instance)

    assert [each["id"] for each in answer.json["results"]] == [wanted.pk]


def test_a_list_of_requests_costs_as_many_queries_for_many_as_for_one(
    requester: Person, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        factories.run()

    with django_assert_max_num_queries(7):
        assert requester.get("requests/").json["count"] == 20


def test_a_plan_that_changed_voids_what_was_approved_of_the_old_one(
    rita: Person, anna: Person, stage: Stage
) -> None:
    asked = ask(rita, stage).json
    stage.cloud.edit(stage.server, locked=True)

    answer = anna.post(
        f"requests/{asked['id']}/approve/",
        plan_digest=asked["plan_digest"],
        note="As agreed.",
    )

    assert answer.status == 409
    assert "changed" in answer.detail
    now = anna.get(f"requests/{asked['id']}/").json
    assert now["plan_digest"] != asked["plan_digest"]
    assert "no longer valid" in now["why"]


def test_a_window_is_kept(rita: Person, stage: Stage) -> None:
    begins, ends = stage.time + timedelta(hours=1), stage.time + timedelta(hours=2)

    answer = ask(
        rita, stage, window_start=begins.isoformat(), window_end=ends.isoformat()
    )

    assert answer.status == 201
    row = MigrationRequest.objects.get()
    assert (row.window_start, row.window_end) == (begins, ends)
