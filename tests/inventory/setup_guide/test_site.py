"""The steps of the site itself."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from migrations_app.audit.account_changes import AccountSnapshot, record_changes
from migrations_app.inventory.setup_guide import site as setup_site
from migrations_app.inventory.setup_guide.step import State, Step
from migrations_app.models import Attempt, AuditWatch, Delivery, FailedItem
from tests import factories, messages

pytestmark = pytest.mark.django_db


def steps() -> dict[str, Step]:
    return {step.name: step for step in setup_site.steps()}


def test_an_empty_site_says_what_it_lacks_and_what_that_costs() -> None:
    found = steps()

    accounts = found["Accounts"]
    assert accounts.state is State.MISSING
    assert accounts.found == "Nobody has the role approver or operator or requester."
    assert "No request can be approved." in accounts.cost
    assert "manage.py account NAME --role" in accounts.remedy
    assert found["Workers"].state is State.MISSING
    assert found["Scheduler"].state is State.UNKNOWN
    assert found["Redis"].state is State.FAILS
    assert found["Clock of Redis"].state is State.UNKNOWN
    optional = ("Signing of the audit trail", "E-mail", "Webhooks")
    assert {found[name].state for name in optional} == {State.UNUSED}
    assert all(found[name].cost and found[name].remedy for name in optional)


def test_a_site_at_work_has_people_workers_and_redis(redis_url: str) -> None:
    for role in ("approver", "operator"):
        factories.person(role, role)
    factories.pacer_seen()

    found = steps()

    names = ("Accounts", "Workers", "Scheduler", "Redis", "Clock of Redis")
    assert {found[name].state for name in names} == {State.OK}


def test_accounts_that_wait_for_a_second_person_are_named_with_a_way_out() -> None:
    for role in ("approver", "operator"):
        factories.person(role, role)
    root = factories.person("root", staff=True)
    bob = factories.person("bob", "approver")
    record_changes(AccountSnapshot(), AccountSnapshot.take(bob), by=root)

    accounts = steps()["Accounts"]

    assert accounts.state is State.WARNS
    assert "An account is to be confirmed by a second person" in accounts.found
    assert "one superuser may do that" in accounts.found
    assert accounts.details == ("bob",)
    assert "manage.py account NAME --admin" in accounts.remedy
    assert "manage.py account NAME --confirm" in accounts.remedy


def test_settings_that_a_check_warns_of_are_listed(settings: Any) -> None:
    settings.NOVAWEB_METRICS_TOKEN = "short"
    found = steps()["Settings"]
    assert found.state is State.WARNS
    assert any("NOVAWEB_METRICS_TOKEN has fewer" in each for each in found.details)
    settings.NOVAWEB_LEASE = 0.1
    assert steps()["Settings"].state is State.FAILS


def test_settings_tell_nothing_of_a_key_that_workers_alone_have(settings: Any) -> None:
    settings.NOVAWEB_AUDIT_KEY = ""
    told = " ".join(steps()["Settings"].details)
    assert "The audit trail is not signed" not in told


def test_periodic_work_that_fails_is_named(redis_url: str) -> None:
    factories.pacer_seen()
    now = timezone.now()
    FailedItem.objects.create(
        lane="periodic",
        item="whether sync is due",
        sentence="It stumbled.",
        first_at=now,
        last_at=now,
        again_at=now,
    )
    found = steps()["Scheduler"]
    assert found.state is State.WARNS
    assert found.details == ("whether sync is due: It stumbled.",)


def test_a_trail_that_does_not_prove_itself_fails() -> None:
    AuditWatch.objects.create(place="there", trouble="Entry 7 was changed.")
    found = steps()["Signing of the audit trail"]
    assert (found.state, found.found) == (State.FAILS, "Entry 7 was changed.")


def test_mail_is_unknown_until_something_was_sent(settings: Any) -> None:
    settings.NOVAWEB_EMAIL_URL = "smtp://mail.example.org:25"
    settings.NOVAWEB_EMAIL_FROM = "novaweb@example.org"
    found = steps()["E-mail"]
    assert (found.state, "test message" in found.remedy) == (State.UNKNOWN, True)

    delivery = messages.delivery(factories.request())
    Delivery.objects.update(channel="mail", to="olga@example.org")
    failed = steps()["E-mail"]
    assert failed.state is State.WARNS
    assert "to olga@example.org, failed: The service is down" in failed.found

    Attempt.objects.create(
        delivery=delivery, at=timezone.now(), took_ms=1, good=True, status=250
    )
    assert steps()["E-mail"].state is State.OK


def test_a_wrong_mail_server_fails(settings: Any) -> None:
    settings.NOVAWEB_EMAIL_URL = "ftp://mail.example.org"
    assert steps()["E-mail"].state is State.FAILS


def test_webhooks_that_were_switched_off_are_named() -> None:
    messages.delivery(factories.request())
    assert steps()["Webhooks"].state is State.WARNS
    hook = messages.webhook("pager")
    hook.off_because = "It answered 410."
    hook.save()
    assert steps()["Webhooks"].details == ("pager: It answered 410.",)
