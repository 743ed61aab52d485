"""Tokens: given for a name and password, expiring, revocable, never kept readable."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from knox.models import AuthToken

from migrations_app.access.permissions import Person as Holder
from migrations_app.access.permissions import why_not
from migrations_app.access.roles import DECIDES, READS, Role, Verb
from migrations_app.audit import account_changes
from migrations_app.audit import tokens as api_tokens
from migrations_app.errors import TooLate
from migrations_app.models import AuditEntry, MigrationRequest, TokenScope
from tests import factories
from tests.api.conftest import Answer, Person
from tests.cast import Cast
from tests.stage import Stage


def holder(token: str) -> Person:
    person = Person()
    person.headers = {"Authorization": f"Bearer {token}"}
    return person


@pytest.fixture
def rita(db: None) -> None:
    factories.person("rita", "requester")


@pytest.mark.usefixtures("rita")
def test_a_name_and_password_give_a_token_that_opens_the_door(nobody: Person) -> None:
    answer = nobody.post("token/", username="rita", password=factories.PASSWORD)

    assert answer.status == 200
    lasts = datetime.fromisoformat(answer.json["expiry"]) - datetime.now(UTC)
    assert timedelta(hours=9.9) < lasts <= timedelta(hours=10)
    assert holder(answer.json["token"]).get("instances/").status == 200
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor_name) == ("token.created", "rita")


@pytest.mark.usefixtures("rita")
def test_the_database_does_not_know_the_token(nobody: Person) -> None:
    token = nobody.post("token/", username="rita", password=factories.PASSWORD).json

    row = AuthToken.objects.get()
    assert token["token"] not in (row.digest, row.token_key)
    assert len(row.token_key) < len(token["token"]) // 2


@pytest.mark.usefixtures("rita")
@pytest.mark.parametrize(("name", "password"), [("rita", "wrong"), ("nina", "wrong")])
def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    nobody: Person, name: str, password: str
) -> None:
    answer = nobody.post("token/", username=name, password=password)

    assert answer.status == 401
    assert "is wrong" in answer.detail
    entry = AuditEntry.objects.get()
    assert entry.verb == "account.refused"
    assert not AuthToken.objects.exists()


def test_an_account_that_is_off_gets_no_token(nobody: Person) -> None:
    user = factories.person("rita", "requester")
    user.is_active = False
    user.save()

    answer = nobody.post("token/", username="rita", password=factories.PASSWORD)

    assert answer.status == 401


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"username": "rita"},
        {"username": 5, "password": "x"},
        {"username": "a\x00b", "password": "x"},
        {"username": "\ud800", "password": "x"},
        {"username": "rita", "password": "x", "otp": "1"},
        {"username": "x" * 151, "password": "x"},
        [],
    ],
)
def test_what_is_no_name_and_password_is_refused(nobody: Person, sent: Any) -> None:
    answer = nobody.post("token/", sent)

    assert answer.status == 400
    assert answer.detail


def test_a_token_can_be_revoked_by_who_holds_it(requester: Person) -> None:
    assert requester.delete("token/").status == 204

    assert requester.get("instances/").status == 401
    assert AuditEntry.objects.get().verb == "token.revoked"


def test_revoking_takes_a_token(nobody: Person) -> None:
    assert nobody.delete("token/").status == 401


@pytest.mark.django_db
def test_a_token_that_expired_opens_nothing() -> None:
    user = factories.person("rita", "requester")
    late = Person(user, life=timedelta(seconds=-1))

    answer = late.get("instances/")

    assert answer.status == 401
    assert "expired" in answer.detail


@pytest.mark.usefixtures("rita")
def test_a_token_that_expired_does_not_stand_in_the_way_of_a_new_one() -> None:
    late = holder("0" * 64)

    answer = late.post("token/", username="rita", password=factories.PASSWORD)

    assert answer.status == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer nonsense",
        "Bearer two words",
        "Bearer \xff\xfe",
        "Bearer a\x00b",
        "Basic cml0YTp4",
        "nonsense",
    ],
)
def test_whatever_is_sent_for_a_token_the_answer_is_a_sentence(header: str) -> None:
    response = Client().get("/api/instances/", HTTP_AUTHORIZATION=header)

    answer = Answer(response)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "token" in answer.detail.lower()


@pytest.mark.django_db
def test_an_account_that_was_switched_off_cannot_use_its_token() -> None:
    user = factories.person("rita", "requester")
    person = Person(user)
    user.is_active = False
    user.save()

    assert person.get("instances/").status == 401


@pytest.mark.django_db
def test_who_is_signed_in_to_the_pages_may_use_the_interface_from_them() -> None:
    user = factories.person("otto", "operator")
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    assert client.get("/api/instances/").status_code == 200
    forged = client.post("/api/sync/", b"{}", content_type="application/json")
    assert Answer(forged).status == 403


@pytest.mark.usefixtures("rita")
def test_the_command_prints_a_token_once_and_alone(nobody: Person) -> None:
    out, err = StringIO(), StringIO()
    call_command("token", "rita", "--hours", "1", stdout=out, stderr=err)

    assert holder(out.getvalue().strip()).get("instances/").status == 200
    assert "until" in err.getvalue()
    assert AuditEntry.objects.get().verb == "token.created"


@pytest.mark.usefixtures("rita")
@pytest.mark.parametrize(
    "words", [["nina"], ["rita", "--hours", "0"], ["rita", "--hours", "99999"]]
)
def test_the_command_says_why_it_made_no_token(words: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("token", *words)
    assert not AuthToken.objects.exists()


# -- scopes ----------------------------------------------------------------------------


@pytest.mark.usefixtures("rita")
def test_a_token_may_not_decide_unless_that_was_asked_for(nobody: Person) -> None:
    sent = {"username": "rita", "password": factories.PASSWORD}
    assert nobody.post("token/", **sent).json["scope"] == "ask"
    assert nobody.post("token/", **sent, scope="decide").json["scope"] == "decide"
    assert nobody.post("token/", **sent, scope="all").status == 400
    told = AuditEntry.objects.filter(verb="token.created").order_by("id")
    assert [entry.after["scope"] for entry in told] == ["ask", "decide"]


def test_a_token_that_may_only_request_approves_nothing(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    path = f"requests/{request.pk}/approve/"
    sent = {"plan_digest": request.plan_digest, "note": "Fine."}
    for scope in ("read", "ask"):
        answer = Person(cast.approver, scope=scope).post(path, **sent)
        assert answer.status == 403
        assert "you need one of scope decide" in answer.detail
    assert not request.decisions.exists()
    assert Person(cast.approver, scope="decide").post(path, **sent).status == 200


def test_a_token_that_may_only_read_changes_nothing(stage: Stage, cast: Cast) -> None:
    reader = Person(cast.operator, scope="read")
    assert reader.get("requests/").status == 200
    assert reader.post("what-if/", hosts=["compute-99"]).status == 404
    for path in (
        "preflight/",
        "requests/",
        "sync/",
        "notices/read/",
        "delegations/1/revoke/",
    ):
        answer = reader.post(path)
        assert answer.status == 403, path
        assert "scope is read" in answer.detail
    assert not MigrationRequest.objects.exists()


def test_a_token_without_a_scope_may_only_read(cast: Cast) -> None:
    person = Person(cast.operator)
    TokenScope.objects.all().delete()
    assert person.get("requests/").status == 200
    assert person.post("sync/").status == 403


def test_everybody_lists_and_revokes_their_own_tokens_alone(cast: Cast) -> None:
    mine, other = Person(cast.operator, scope="read"), Person(cast.approver)
    (row,) = mine.get("tokens/").json
    assert row["scope"] == "read"
    assert set(row) == {"id", "scope", "created", "expiry"}
    assert other.delete(f"tokens/{row['id']}/").status == 404
    assert mine.delete(f"tokens/{row['id']}/").status == 204
    assert mine.get("tokens/").status == 401
    entry = AuditEntry.objects.get(verb="token.revoked")
    assert entry.before == {"token": row["id"], "scope": "read"}


def test_the_page_lists_and_revokes_ones_own_tokens(cast: Cast) -> None:
    Person(cast.operator, scope="decide"), Person(cast.approver)
    client = Client()
    client.force_login(cast.operator)
    assert "read, request and decide" in client.get("/tokens/").content.decode()
    mine = TokenScope.objects.get(token__user=cast.operator)
    others = TokenScope.objects.get(token__user=cast.approver)
    assert client.post(f"/tokens/{others.pk}/revoke/").status_code == 404
    assert client.post(f"/tokens/{mine.pk}/revoke/").status_code == 302
    assert list(TokenScope.objects.all()) == [others]
    assert "You have no token" in client.get("/tokens/").content.decode()


def test_every_action_that_decides_takes_a_token_that_may() -> None:
    """Whatever nobody thought of takes more than reading."""
    reader = Holder(id=1, name="r", roles=frozenset(map(str, Role)), scope="read")
    asker = replace(reader, scope="ask")
    for verb in set(Verb) - READS:
        refusal = why_not(reader, verb)
        assert refusal is not None and "scope" in refusal.sentence
    for verb in DECIDES:
        refusal = why_not(asker, verb)
        assert refusal is not None and "scope decide" in refusal.sentence
    assert why_not(asker, Verb.ASK) is None


@pytest.mark.parametrize("change", ["password", "switched off"])
@pytest.mark.usefixtures("rita")
def test_who_was_changed_while_the_password_was_looked_at_gets_no_token(
    change: str,
) -> None:
    looked_at, rita = (User.objects.get(username="rita") for _ in range(2))
    if change == "password":
        account_changes.set_own_password(rita, "a phrase of its own", here="")
    else:
        User.objects.filter(pk=rita.pk).update(is_active=False)
    with pytest.raises(TooLate, match="sign in again"):
        api_tokens.create(looked_at)
    assert not AuthToken.objects.exists()
