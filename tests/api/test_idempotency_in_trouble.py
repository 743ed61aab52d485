"""What has a key is done once, also when novaweb fails or dies meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from migrations_app.errors import Unreachable
from migrations_app.models import KeptAnswer, MigrationRequest
from migrations_app.requests import actions as request_actions
from tests.api.conftest import Person
from tests.api.keyed import keyed, move
from tests.stage import Stage


class Dies(BaseException):
    """The process ends here: nothing of ours catches it."""


def dying(before: bool) -> Callable[..., Any]:
    """Return ``ask``, in which the process dies before or after the deed."""
    ask = request_actions.ask

    def die(**said: Any) -> None:
        if not before:
            ask(**said)
        raise Dies

    return die


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_when_the_process_died_it_is_not_done_again_and_a_person_is_to_look(
    before: bool, rita: Person, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(request_actions, "ask", dying(before))
        with pytest.raises(Dies):
            keyed(rita, "requests/", **move(stage))
    done = MigrationRequest.objects.count()

    soon = keyed(rita, "requests/", **move(stage))
    KeptAnswer.objects.update(begun_at=timezone.now() - timedelta(minutes=6))
    later = keyed(rita, "requests/", **move(stage))

    assert (soon.status, later.status) == (409, 409)
    assert soon.json["type"] == later.json["type"] == "urn:novaweb:unanswered"
    assert soon.headers["Retry-After"] == "2"
    assert "Retry-After" not in later.headers
    assert "look" in later.detail
    assert MigrationRequest.objects.count() == done == (0 if before else 1)


def test_after_a_fault_of_ours_it_is_not_done_again(
    rita: Person, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        # the request is made then, and cannot be shown
        patched.setattr("migrations_app.api.requests.answer", broken)
        assert keyed(rita, "requests/", **move(stage)).status == 500

    again = keyed(rita, "requests/", **move(stage))

    assert again.status == 409
    assert "look" in again.detail
    assert "Retry-After" not in again.headers
    assert MigrationRequest.objects.count() == 1


def test_an_error_after_the_deed_does_not_free_the_key(
    rita: Person, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = request_actions.ask

    def done_and_unreachable(**said: Any) -> None:
        ask(**said)
        raise Unreachable("Nova does not answer.")

    with monkeypatch.context() as patched:
        patched.setattr(request_actions, "ask", done_and_unreachable)
        first = keyed(rita, "requests/", **move(stage))
    done = MigrationRequest.objects.count()

    again = keyed(rita, "requests/", **move(stage))

    assert (first.status, again.status, done) == (503, 409, 1)
    # the key itself says so, not that the instance has a request already
    assert "It is not known whether it was carried out" in again.detail
    assert MigrationRequest.objects.count() == done


def test_the_answer_is_given_even_if_it_cannot_be_kept(
    rita: Person, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("gone")

    with monkeypatch.context() as patched:
        patched.setattr(KeptAnswer.objects.none().__class__, "update", away)
        # what asks for a move writes nothing by UPDATE
        first = keyed(rita, "requests/", **move(stage))

    assert first.status == 201
    assert keyed(rita, "requests/", **move(stage)).status == 409
    assert MigrationRequest.objects.count() == 1
