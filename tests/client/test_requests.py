"""`openstack move request …` on the API itself."""

from __future__ import annotations

from typing import Any

import pytest
from osc_lib.exceptions import CommandError
from requests import ConnectionError, ReadTimeout

from migrations_app.models import AuditEntry, MigrationRequest
from novaweb_client import move_requests
from tests import factories
from tests.cast import REASON, Cast
from tests.client.conftest import At
from tests.stage import Stage

pytestmark = pytest.mark.django_db
JSON = ("-f", "json")
NOTE = ("--note", "Fine.")


def create(stage: Stage, *more: str) -> tuple[str, ...]:
    """Return the words that ask for a live move on the stage."""
    words = (stage.server, "--procedure", "live", "--target", stage.target)
    return (*words, "--reason", REASON, *JSON, *more)


def test_a_move_is_requested_and_its_plan_is_shown(
    at: At, cast: Cast, stage: Stage
) -> None:
    words = create(stage, "--ticket", "OPS-1", "--deadline", "30")
    done = at(cast.requester).run(move_requests.CreateRequest, *words)

    assert done.status == 0
    shown = done.json
    row = MigrationRequest.objects.get()
    assert (shown["id"], shown["state"], shown["ticket"]) == (
        row.pk,
        "requested",
        "OPS-1",
    )
    assert (shown["source"], shown["target"]) == (stage.source, stage.target)
    assert shown["plan_digest"] == row.plan_digest
    assert shown["options"]["deadline"] == 30
    assert {"title", "sentence", "final"} <= set(shown["plan"][0])


def test_a_lost_answer_does_not_make_two_requests_of_one(
    at: At, cast: Cast, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """novaweb has made it, its answer is lost, and the command asks again."""
    monkeypatch.setattr("novaweb_client.api.sleep", lambda seconds: None)
    terminal = at(cast.requester)
    terminal.wire.losses = [ReadTimeout(), ConnectionError()]

    done = terminal.run(move_requests.CreateRequest, *create(stage))

    assert done.status == 0
    assert done.json["id"] == MigrationRequest.objects.get().pk
    assert terminal.wire.asked == ["POST /api/requests/"] * 3
    assert AuditEntry.objects.filter(verb="request.asked").count() == 1


def test_people_read_the_plan_a_step_a_line(at: At, cast: Cast, stage: Stage) -> None:
    row = cast.ask(stage)

    done = at(cast.auditor).run(move_requests.ShowRequest, str(row.pk), "-c", "plan")

    for number, step in enumerate(row.plan, start=1):
        assert f"{number}. " in done.stdout
        assert step["sentence"].split()[0] in done.stdout


def test_an_instance_is_found_by_its_name(at: At, cast: Cast, stage: Stage) -> None:
    factories.instance("web", uuid=stage.server)
    factories.instance("web-2")
    terminal = at(cast.requester)

    words = ("web", *create(stage)[1:])
    done = terminal.run(move_requests.CreateRequest, *words)

    assert done.json["instance"] == stage.server


def test_a_name_that_several_instances_have_is_refused(
    at: At, cast: Cast, stage: Stage
) -> None:
    uuids = [factories.instance("web").uuid for _ in range(2)]

    with pytest.raises(CommandError, match="UUID of one") as refused:
        at(cast.requester).run(move_requests.CreateRequest, "web", *create(stage)[1:])

    assert all(str(uuid) in str(refused.value) for uuid in uuids)
    with pytest.raises(CommandError, match="no instance with the name mail"):
        at(cast.requester).run(move_requests.CreateRequest, "mail", *create(stage)[1:])
    assert not MigrationRequest.objects.exists()


def test_what_the_cloud_forbids_is_told_in_novawebs_own_sentence(
    at: At, cast: Cast, stage: Stage
) -> None:
    words = (stage.server, "--procedure", "live", "--target", stage.source)
    with pytest.raises(CommandError) as refused:
        at(cast.requester).run(move_requests.CreateRequest, *words, "--reason", "x")

    assert stage.source in str(refused.value)
    assert "{" not in str(refused.value)


def test_the_list_is_narrowed_and_limited(at: At, cast: Cast) -> None:
    rows = [factories.request(ticket=f"OPS-{number}") for number in range(4)]
    terminal = at(cast.auditor)

    done = terminal.run(move_requests.ListRequests, *JSON, "--limit", "3")
    assert [row["id"] for row in done.json] == [row.pk for row in rows[:0:-1]]
    done = terminal.run(move_requests.ListRequests, *JSON, "--search", "OPS-2")
    assert [row["id"] for row in done.json] == [rows[2].pk]


def test_a_list_of_many_pages_has_each_row_once(
    at: At, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("novaweb_client.api.MOST_ON_A_PAGE", 2)
    rows = [factories.request() for _ in range(5)]

    terminal = at(cast.auditor)
    done = terminal.run(move_requests.ListRequests, *JSON, "--limit", "0")

    assert [row["id"] for row in done.json] == [row.pk for row in rows[::-1]]
    assert len(terminal.wire.asked) == 3


def test_a_plan_is_approved_once_it_was_shown_and_agreed_to(
    at: At, cast: Cast, stage: Stage
) -> None:
    row = cast.ask(stage)

    words = (str(row.pk), *JSON, *NOTE)
    done = at(cast.approver).run(move_requests.ApproveRequest, *words, types="yes\n")

    assert done.json["state"] == "approved"
    assert row.plan_digest in done.stderr
    for step in row.plan:
        assert step["sentence"] in done.stderr
        for command in step.get("commands", ()):
            assert command in done.stderr
    assert done.json["decisions"][0]["note"] == "Fine."


@pytest.mark.parametrize("typed", ["", "\n", "no\n", "y\n"])
def test_nothing_is_approved_without_a_yes(
    at: At, cast: Cast, stage: Stage, typed: str
) -> None:
    row = cast.ask(stage)

    with pytest.raises(CommandError, match="Nothing was approved"):
        at(cast.approver).run(
            move_requests.ApproveRequest, str(row.pk), *NOTE, types=typed
        )

    row.refresh_from_db()
    assert row.state == "requested"


def test_a_script_must_say_which_plan_it_approves(
    at: At, cast: Cast, stage: Stage
) -> None:
    row = cast.ask(stage)
    terminal = at(cast.approver)

    with pytest.raises(CommandError, match="--digest"):
        terminal.run(move_requests.ApproveRequest, str(row.pk), *NOTE)
    with pytest.raises(CommandError, match="plan"):
        other = (str(row.pk), *NOTE, "--digest", "0" * 64)
        terminal.run(move_requests.ApproveRequest, *other)
    row.refresh_from_db()
    assert row.state == "requested"

    words = (str(row.pk), "--digest", row.plan_digest, *NOTE, *JSON)
    done = terminal.run(move_requests.ApproveRequest, *words)
    assert done.json["state"] == "approved"
    assert done.stderr == ""


def test_a_plan_that_changed_while_it_was_read_is_not_approved(
    at: At, cast: Cast, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = cast.ask(stage)
    agreed = move_requests.ApproveRequest.require_agreement

    def change(self: Any, plan: str) -> None:
        agreed(self, plan)
        MigrationRequest.objects.filter(pk=row.pk).update(plan_digest="f" * 64)

    monkeypatch.setattr(move_requests.ApproveRequest, "require_agreement", change)
    with pytest.raises(CommandError):
        at(cast.approver).run(
            move_requests.ApproveRequest, str(row.pk), *NOTE, types="yes\n"
        )

    row.refresh_from_db()
    assert row.state == "requested"


@pytest.mark.parametrize(
    ("command", "who", "state"),
    [
        (move_requests.RejectRequest, "approver", "rejected"),
        (move_requests.WithdrawRequest, "requester", "withdrawn"),
    ],
    ids=["reject", "withdraw"],
)
def test_a_request_is_ended_with_a_reason(
    at: At, cast: Cast, stage: Stage, command: Any, who: str, state: str
) -> None:
    row = cast.ask(stage)

    words = (str(row.pk), "--note", "Not today.", *JSON)
    done = at(getattr(cast, who)).run(command, *words)

    assert done.json["state"] == state


def test_who_may_not_is_told_so(at: At, cast: Cast, stage: Stage) -> None:
    row = cast.ask(stage)
    words = (str(row.pk), *NOTE, "--digest", row.plan_digest)

    with pytest.raises(CommandError, match=r"\.$"):
        at(cast.requester).run(move_requests.ApproveRequest, *words)


def test_a_name_from_the_cloud_does_not_steer_the_terminal(at: At, cast: Cast) -> None:
    row = factories.request(instance_name="web\x1b[2J\u202e")

    terminal = at(cast.auditor)
    for format in ("table", "value", "json"):
        words = (str(row.pk), "-c", "instance_name", "-f", format)
        done = terminal.run(move_requests.ShowRequest, *words)
        assert not {"\x1b", "\u202e"} & set(done.stdout)
        assert "[2J" in done.stdout
