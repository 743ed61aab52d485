"""What is sent again with the same Idempotency-Key is answered and not done again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from migrations_app.api import idempotency
from migrations_app.models import AuditEntry, KeptAnswer, MigrationRequest, Webhook
from migrations_app.requests import actions as request_actions
from migrations_app.runs import retention
from tests import factories
from tests.api.conftest import Answer, Person
from tests.api.keyed import KEY, keyed, move
from tests.cast import Cast
from tests.stage import Stage

DAY = timedelta(hours=24)


def test_the_second_time_it_is_answered_as_the_first_and_nothing_is_asked_for(
    rita: Person, stage: Stage
) -> None:
    first = keyed(rita, "requests/", **move(stage))
    second = keyed(rita, "requests/", **move(stage))

    assert first.status == second.status == 201
    assert second.json == first.json
    assert second.headers["Location"] == first.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert MigrationRequest.objects.count() == 1
    assert AuditEntry.objects.filter(verb="request.asked").count() == 1


def test_the_answer_is_that_of_then(rita: Person, stage: Stage) -> None:
    number = keyed(rita, "requests/", **move(stage)).json["id"]
    rita.post(f"requests/{number}/withdraw/", note="No longer needed.")

    again = keyed(rita, "requests/", **move(stage))

    assert (again.status, again.json["state"]) == (201, "requested")
    assert rita.get(f"requests/{number}/").json["state"] == "withdrawn"


def test_an_approval_counts_once(cast: Cast, anna: Person, stage: Stage) -> None:
    asked = cast.ask(stage)
    said: dict[str, Any] = {"plan_digest": asked.plan_digest, "note": "Fine."}

    answers = [keyed(anna, f"requests/{asked.pk}/approve/", **said) for _ in range(2)]

    assert [each.status for each in answers] == [200, 200]
    assert asked.decisions.count() == 1


def test_the_order_and_the_spaces_of_the_body_do_not_matter(
    rita: Person, stage: Stage
) -> None:
    said = move(stage)
    turned = json.dumps(dict(reversed(said.items())), indent=2).encode()

    first = keyed(rita, "requests/", **said)
    assert keyed(rita, "requests/", text=turned).json == first.json


def test_quotes_are_part_of_the_header_and_not_of_the_key(
    rita: Person, stage: Stage
) -> None:
    first = keyed(rita, "requests/", **move(stage))
    bare = keyed(rita, "requests/", key=KEY.strip('"'), **move(stage))
    assert bare.json == first.json


@pytest.mark.parametrize("change", ["body", "address"])
def test_the_key_of_something_else_is_refused(
    change: str, rita: Person, stage: Stage
) -> None:
    number = keyed(rita, "requests/", **move(stage)).json["id"]

    if change == "body":
        answer = keyed(rita, "requests/", **{**move(stage), "reason": "Another."})
    else:
        answer = keyed(rita, f"requests/{number}/withdraw/", **move(stage))

    assert answer.status == 422
    assert answer.json["type"] == "urn:novaweb:key-reused"
    assert "another key" in answer.detail
    assert MigrationRequest.objects.get().state == "requested"


def test_keys_of_others_are_others(rita: Person, operator: Person) -> None:
    of = {
        person: keyed(person, "notices/read/", until=7) for person in (rita, operator)
    }
    assert [each.status for each in of.values()] == [200, 200]
    assert KeptAnswer.objects.count() == 2


def test_another_token_of_the_same_account_gets_the_same_answer(
    cast: Cast, stage: Stage
) -> None:
    said = move(stage)
    one, two = Person(cast.requester), Person(cast.requester, scope="ask")
    assert keyed(one, "requests/", **said).json == keyed(two, "requests/", **said).json


def test_who_may_not_do_it_any_more_gets_no_answer(
    operator: Person, stage: Stage
) -> None:
    row = factories.run()
    stopped = keyed(operator, f"runs/{row.pk}/stop/", note="It takes too long.")
    assert stopped.status == 200
    assert operator.user is not None
    operator.user.groups.clear()

    again = keyed(operator, f"runs/{row.pk}/stop/", note="It takes too long.")

    assert again.status == 403


def test_what_was_refused_may_be_sent_again_with_its_key(
    cast: Cast, rita: Person, stage: Stage
) -> None:
    other = cast.ask(stage)
    assert keyed(rita, "requests/", **move(stage)).status == 409
    rita.post(f"requests/{other.pk}/withdraw/", note="No longer needed.")

    assert keyed(rita, "requests/", **move(stage)).status == 201
    assert not KeptAnswer.objects.filter(status=None).exists()


def test_a_secret_is_not_kept_and_nothing_is_made_twice(
    operator: Person, settings: Any
) -> None:
    settings.NOVAWEB_WEBHOOK_NETWORKS = ["203.0.113.0/24"]
    said: dict[str, Any] = {
        "name": "Chat",
        "url": "https://203.0.113.7/x",
        "events": ["held"],
    }
    first = keyed(operator, "webhooks/", **said)
    rotated = keyed(operator, f"webhooks/{first.json['id']}/rotate/", key="k-2")
    assert (first.status, rotated.status) == (201, 200)

    again = keyed(operator, "webhooks/", **said)
    rotated_again = keyed(operator, f"webhooks/{first.json['id']}/rotate/", key="k-2")

    for answer in (again, rotated_again):
        assert answer.status == 409
        assert answer.json["type"] == "urn:novaweb:answered-once"
        assert "secret" in answer.detail
    assert Webhook.objects.count() == 1
    kept = str(list(KeptAnswer.objects.values()))
    assert first.json["secret"] not in kept
    assert rotated.json["secret"] not in kept


def test_no_token_is_made_with_a_key(nobody: Person) -> None:
    answer = keyed(nobody, "token/", username="rita", password="x")
    assert answer.status == 400
    assert list(answer.json["fields"]) == ["Idempotency-Key"]


@pytest.mark.parametrize(
    "key",
    ["", '""', "two words", '"open', "Grüße".encode().decode("latin-1"), "x" * 256],
)
def test_a_key_that_is_none_is_refused(key: str, rita: Person) -> None:
    answer = keyed(rita, "notices/read/", key=key, until=1)
    assert answer.status == 400
    assert list(answer.json["fields"]) == ["Idempotency-Key"]


def test_what_changes_nothing_is_answered_anew(rita: Person, stage: Stage) -> None:
    said: dict[str, Any] = {"instance": stage.server}
    for _ in range(2):
        answer = keyed(rita, "preflight/", **said)
        assert answer.status == 200
        assert "Idempotent-Replayed" not in answer.headers
    assert not KeptAnswer.objects.exists()


def test_two_at_once_do_it_once(
    rita: Person, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes while the first is at it."""
    ask = request_actions.ask
    meanwhile: list[Answer] = []

    def slow(**said: Any) -> MigrationRequest:
        meanwhile.append(keyed(rita, "requests/", **move(stage)))
        return ask(**said)

    monkeypatch.setattr(request_actions, "ask", slow)
    first = keyed(rita, "requests/", **move(stage))

    assert first.status == 201
    (other,) = meanwhile
    assert (other.status, other.headers["Retry-After"]) == (409, "2")
    assert MigrationRequest.objects.count() == 1


def test_it_is_kept_for_a_day_and_then_removed(rita: Person, stage: Stage) -> None:
    first = keyed(rita, "notices/read/", until=7)
    begun = KeptAnswer.objects.get().begun_at
    assert first.status == 200
    assert not retention.is_due(begun + DAY)

    later = begun + DAY + timedelta(seconds=1)
    assert retention.is_due(later)
    assert retention.remove_due(later) == 1

    assert not KeptAnswer.objects.exists()


def test_a_key_that_is_a_day_old_means_nothing_any_more(rita: Person) -> None:
    keyed(rita, "notices/read/", until=7)
    KeptAnswer.objects.update(begun_at=timezone.now() - DAY - timedelta(seconds=1))

    answer = keyed(rita, "notices/read/", until=8)

    assert answer.status == 200
    assert KeptAnswer.objects.count() == 1


def test_every_post_that_does_something_takes_one_and_says_so() -> None:
    from migrations_app.api.schema import schema

    without = {
        path
        for path, operations in schema()["paths"].items()
        if "post" in operations
        and idempotency.HEADER
        not in {each["name"] for each in operations["post"].get("parameters", ())}
    }
    assert without == {
        "/api/audit/export/",
        "/api/preflight/",
        "/api/token/",
        "/api/what-if/",
    }
