"""What is not there is said in one sentence, and an unknown cloud in one other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from migrations_app.audit import queries as audit_queries
from migrations_app.drains import actions as drain_actions
from migrations_app.drains import queries as drain_queries
from migrations_app.errors import Gone, Unfit, own_fault
from migrations_app.integrations import clouds, connect
from migrations_app.inventory import actions as inventory_actions
from migrations_app.models import Run
from migrations_app.models.lookup import get_or_gone
from migrations_app.notifications import preferences
from migrations_app.notifications import webhooks as notification_webhooks
from migrations_app.requests import guards
from migrations_app.requests import queries as request_queries
from migrations_app.requests.approvals import delegations as approval_delegations
from migrations_app.requests.approvals import policies as approval_policies
from migrations_app.requests.windows import actions as window_actions
from migrations_app.runs import actions as run_actions
from migrations_app.runs import console as run_console
from migrations_app.runs import queries as run_queries
from tests import factories

pytestmark = pytest.mark.django_db
# More than any column of a database can hold.
HUGE = 10**30


@pytest.mark.parametrize("number", [99, -1, HUGE, -HUGE])
def test_no_row_of_that_number_is_a_sentence(number: int) -> None:
    with pytest.raises(Gone) as raised:
        get_or_gone(Run.objects.all(), number, "run")
    assert raised.value.sentence == f"There is no run {number}."


def test_a_row_that_is_not_among_those_asked_for_is_not_there() -> None:
    run = factories.run()
    assert get_or_gone(Run.objects.all(), run.pk, "run") == run
    with pytest.raises(Gone):
        get_or_gone(Run.objects.exclude(pk=run.pk), run.pk, "run")


def test_it_returns_what_the_rows_were_asked_for() -> None:
    run = factories.run()
    states = Run.objects.values_list("state", "pk")
    assert get_or_gone(states, run.pk, "run") == (run.state, run.pk)


@pytest.mark.parametrize(
    ("what", "look"),
    [
        ("request", guards.load),
        ("request", request_queries.request),
        ("run", run_queries.run),
        ("run", run_queries.pulse),
        ("run", run_actions._load),
        ("drain", drain_actions.load),
        ("drain", drain_queries.drain),
        ("audit entry", audit_queries.audit_entry),
        ("approval policy", approval_policies.one),
        ("window", window_actions.window),
        ("group", preferences.group_of),
        ("webhook", notification_webhooks.webhook),
        ("delivery", notification_webhooks.delivery),
    ],
)
def test_each_thing_that_is_gone_has_the_same_sentence(
    what: str, look: Callable[[int], Any]
) -> None:
    for number in (987654, HUGE):
        with pytest.raises(Gone) as raised:
            look(number)
        assert raised.value.sentence == f"There is no {what} {number}."


def test_a_verb_about_what_is_gone_has_it_too() -> None:
    operator = factories.person("olga", "operator", "approver")
    for what, verb in (
        ("run", run_console.look_at),
        ("delegation", approval_delegations.revoke),
    ):
        with pytest.raises(Gone, match=f"There is no {what} 987654."):
            verb(987654, by=operator)


def test_a_cloud_that_is_not_configured_is_one_sentence(settings: Any) -> None:
    settings.NOVAWEB_CLOUDS = ["one", "two"]
    operator = factories.person("olga", "operator")
    sentence = "There is no cloud “three” here. Configured: one, two."
    for look in (
        clouds.configured,
        clouds.chosen,
        connect.cloud_of,
        connect.world_for,
        lambda name: inventory_actions.have_read_anew(by=operator, cloud=name),
    ):
        with pytest.raises(Unfit) as raised:
            look("three")
        assert raised.value.sentence == sentence


def test_who_names_no_cloud_means_the_first(settings: Any) -> None:
    settings.NOVAWEB_CLOUDS = ["one", "two"]
    assert [clouds.chosen(name) for name in (None, "", "two")] == ["one", "one", "two"]
    with pytest.raises(Unfit):
        clouds.configured("")


def test_an_error_of_our_own_names_its_kind_and_nothing_that_it_holds() -> None:
    assert own_fault(KeyError("a password")) == (
        "novaweb met an internal error (KeyError); its log says more."
    )
