"""Several at once: each by itself, with its own result."""

from __future__ import annotations

from threading import Barrier, get_ident

import pytest

from migrations_app.access import throttle
from migrations_app.audit import verify
from migrations_app.models import AuditEntry, MigrationRequest
from migrations_app.models.states import RequestState
from migrations_app.requests import actions as request_actions
from migrations_app.requests import many
from migrations_app.requests.many import Result
from tests import factories
from tests.api.conftest import Person
from tests.cast import Cast
from tests.stage import Stage


@pytest.fixture
def two(cast: Cast, stage: Stage) -> list[MigrationRequest]:
    """Two requests that wait for approval."""
    other = stage.cloud.create("api", host=stage.source)
    return [cast.ask(stage), cast.ask(stage, instance=other)]


def test_several_moves_are_requested_each_as_one_of_its_own(
    rita: Person, stage: Stage
) -> None:
    other = stage.cloud.create("api", host=stage.source)
    broken = stage.cloud.create("db", host=stage.source)
    stage.cloud.edit(broken, vm_state="error")
    moves = [
        {"instance": stage.server, "target": stage.target, "procedure": "live"},
        {"instance": broken},
        {"instance": other},
    ]

    answer = rita.post("requests/ask-many/", moves=moves, reason="New memory.")

    assert answer.status == 200
    first, second, third = answer.json
    assert [each["done"] for each in answer.json] == [True, False, True]
    assert (second["request"], second["status"]) == (None, 422)
    assert second["type"] == "urn:novaweb:unfit"
    assert second["detail"]
    rows = MigrationRequest.objects.in_bulk([first["request"], third["request"]])
    assert {row.instance for row in rows.values()} == {stage.server, other}
    assert AuditEntry.objects.filter(verb="request.asked").count() == 2


def test_each_of_them_counts_as_a_pre_flight(
    rita: Person, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(throttle.MOST, "preflight", 1)
    other = stage.cloud.create("api", host=stage.source)
    moves = [{"instance": stage.server}, {"instance": other}]

    answer = rita.post("requests/ask-many/", moves=moves, reason="New memory.")

    assert [each["status"] for each in answer.json] == [200, 429]


def test_several_are_approved_and_one_that_is_refused_stops_none(
    two: list[MigrationRequest], anna: Person
) -> None:
    one, other = two
    wanted = [
        {"id": one.pk, "plan_digest": "0" * 64},
        {"id": 999_999, "plan_digest": other.plan_digest},
        {"id": other.pk, "plan_digest": other.plan_digest},
    ]

    answer = anna.post("requests/approve/", requests=wanted, note="Fine.")

    assert answer.status == 200
    assert [each["request"] for each in answer.json] == [one.pk, 999_999, other.pk]
    assert [each["status"] for each in answer.json] == [409, 404, 200]
    assert answer.json[0]["type"] == "urn:novaweb:too-late"
    states = MigrationRequest.objects.order_by("pk").values_list("state", flat=True)
    assert list(states) == [RequestState.REQUESTED, RequestState.APPROVED]


@pytest.mark.parametrize(
    ("verb", "state"), [("reject", "rejected"), ("withdraw", "withdrawn")]
)
def test_several_are_rejected_or_withdrawn(
    verb: str, state: str, two: list[MigrationRequest], rita: Person, anna: Person
) -> None:
    who = anna if verb == "reject" else rita
    numbers = [each.pk for each in two]

    answer = who.post(f"requests/{verb}/", requests=numbers, note="No.")
    again = who.post(f"requests/{verb}/", requests=numbers, note="No.")

    assert [each["done"] for each in answer.json] == [True, True]
    assert [each["status"] for each in again.json] == [409, 409]
    assert set(MigrationRequest.objects.values_list("state", flat=True)) == {state}


def test_nobody_approves_their_own_among_others(
    cast: Cast, two: list[MigrationRequest]
) -> None:
    cast.requester.groups.add(*cast.approver.groups.all())
    wanted = [{"id": each.pk, "plan_digest": each.plan_digest} for each in two]

    answer = Person(cast.requester).post(
        "requests/approve/", requests=wanted, note="Fine."
    )

    assert [each["status"] for each in answer.json] == [403, 403]
    assert not MigrationRequest.objects.filter(state="approved").exists()


def test_a_fault_of_ours_with_one_is_its_result(
    two: list[MigrationRequest], anna: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    reject = request_actions.reject

    def broken(number: int, **said: object) -> object:
        if number == two[0].pk:
            raise ZeroDivisionError("secret detail")
        return reject(number, **said)  # type: ignore[arg-type]

    monkeypatch.setattr(request_actions, "reject", broken)
    numbers = [each.pk for each in two]
    answer = anna.post("requests/reject/", requests=numbers, note="No.")

    assert [each["status"] for each in answer.json] == [500, 200]
    assert "secret" not in str(answer.json)


def test_none_is_named_twice(two: list[MigrationRequest], anna: Person) -> None:
    plan = {"id": two[0].pk, "plan_digest": two[0].plan_digest}
    for path, twice in (("reject", [two[0].pk] * 2), ("approve", [plan, plan])):
        answer = anna.post(f"requests/{path}/", requests=twice, note="No.")
        assert answer.status == 400
        assert "Name each request once" in answer.detail
    assert {each.state for each in MigrationRequest.objects.all()} == {"requested"}


@pytest.mark.parametrize("number", [0, 26])
def test_there_are_at_most_25_and_at_least_one(number: int, anna: Person) -> None:
    answer = anna.post(
        "requests/reject/", requests=list(range(1, number + 1)), note="No."
    )
    assert answer.status == 400
    assert list(answer.json["fields"]) == ["requests"]


def test_up_to_three_pre_flights_run_side_by_side() -> None:
    """Each waits until all three are there: one after the other they never were."""
    gate = Barrier(3, timeout=60)

    def act() -> Result:
        gate.wait()
        return Result(str(get_ident()), "Approved.")

    found = many.side_by_side([act] * 3, at_once=3)

    assert len({each.name for each in found}) == 3


@pytest.mark.django_db(transaction=True)
def test_approvals_side_by_side_are_each_carried_out_once(
    cast: Cast, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In threads with connections of their own, of which none is left."""
    servers = [stage.cloud.create(f"api-{n}", host=stage.source) for n in range(6)]
    rows = [cast.ask(stage, instance=server) for server in servers]
    monkeypatch.setattr(type(stage.cloud), "at_once", 8)
    wanted = [{"id": each.pk, "plan_digest": each.plan_digest} for each in rows]

    answer = Person(cast.approver).post(
        "requests/approve/", requests=wanted, note="Fine."
    )

    assert [each["detail"] for each in answer.json] == ["Approved."] * 6
    assert [each["request"] for each in answer.json] == [each.pk for each in rows]
    assert set(MigrationRequest.objects.values_list("state", flat=True)) == {"approved"}
    assert AuditEntry.objects.filter(verb="request.approved").count() == 6
    assert verify.verify_all().good


def test_only_clouds_that_take_several_questions_are_asked_so(
    two: list[MigrationRequest], stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert many._at_once(two) == 1
    monkeypatch.setattr(type(stage.cloud), "at_once", 8)
    assert many._at_once(two) == 2
    others = [factories.request(cloud=two[0].cloud) for _ in range(3)]
    assert many._at_once([*two, *others]) == 3
