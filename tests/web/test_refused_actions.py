"""A refused action gives back what was typed, in the form it was typed into."""

from __future__ import annotations

from html import unescape

import pytest
from django.test import Client

from migrations_app.wording import LONGEST_TEXT
from tests import factories
from tests.cast import Cast
from tests.stage import Stage
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db
TYPED = 'Too <slow>, says "Otto".'
TOO_LONG = "x" * (LONGEST_TEXT + 1)


def refused(client: Client, address: str, status: int, **typed: str) -> str:
    """Return the page that answers what was typed."""
    answer = client.post(address, typed)
    assert answer.status_code == status
    page: str = answer.content.decode()
    assert 'id="trouble"' in page
    return page


def form_of(page: str, address: str) -> str:
    """Return the form that goes there, from its surrounding fold on."""
    before, _, rest = page.partition(f'action="{address}"')
    assert rest, f"no form goes to {address}"
    fold = before[before.rfind("<details") :]
    return unescape(fold + rest.partition("</form>")[0])


@pytest.mark.parametrize("verb", ["abort", "force-complete"])
def test_a_run_s_control_is_open_and_keeps_the_note(
    operator: Client, verb: str
) -> None:
    run = factories.run(under_way=1)  # the live migration has not begun
    address = f"/runs/{run.pk}/{verb}/"

    page = refused(operator, address, 409, note=TYPED)

    assert form_of(page, address).startswith("<details open>")
    assert f'value="{TYPED}"' in form_of(page, address)
    assert TYPED not in form_of(page, f"/runs/{run.pk}/stop/")


def test_a_note_that_is_too_long_for_a_stop_is_kept_to_be_cut(operator: Client) -> None:
    run = factories.run()
    address = f"/runs/{run.pk}/stop/"

    page = refused(operator, address, 422, note=TOO_LONG)

    assert f'value="{TOO_LONG}"' in form_of(page, address)
    assert page.count(TOO_LONG) == 1


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_a_drain_s_control_is_open_and_keeps_the_note(
    operator: Client, verb: str
) -> None:
    row = factories.drain("running")
    address = f"/drains/{row.pk}/{verb}/"

    page = refused(operator, address, 422, note=TOO_LONG)

    assert form_of(page, address).startswith("<details open>")
    assert f'value="{TOO_LONG}"' in form_of(page, address)
    assert page.count(TOO_LONG) == 1


def test_the_reason_of_an_emergency_start_is_kept_beside_its_number(
    stage: Stage, cast: Cast
) -> None:
    request = cast.ask(stage)
    address = f"/requests/{request.pk}/break-glass/"
    client = Client()
    client.force_login(cast.operator)
    digest = request.plan_digest

    page = refused(client, address, 422, note=TYPED, number="0", plan_digest=digest)

    assert " open>" in form_of(page, address).partition("\n")[0]
    assert f">{TYPED}</textarea>" in form_of(page, address)
    assert unescape(page).count(f">{TYPED}</textarea>") == 1


def test_why_a_policy_is_retired_is_kept() -> None:
    row = factories.policy("Storage hosts")
    address = f"/policies/{row.pk}/retire/"

    page = refused(browser_of("ada", staff=True), address, 422, note=TOO_LONG)

    assert " open>" in form_of(page, address).partition("\n")[0]
    assert f">{TOO_LONG}</textarea>" in form_of(page, address)
