"""Drains on pages: the list, and one at each stage of its life."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from migrations_app.models import Drain, MigrationRequest
from tests import factories
from tests.factories import drain

pytestmark = pytest.mark.django_db


def move(of: Drain, name: str, *, place: int = 1, **fields: Any) -> MigrationRequest:
    """Return a saved move of the drain, to compute-31."""
    instance = factories.instance(name, cloud=of.cloud)
    return factories.request(of=instance, drain=of, place=place, **fields)


def text(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.content.decode()[-2000:]
    return answer.content.decode()


@pytest.fixture(autouse=True)
def hosts(db: None) -> None:
    for name in ("compute-30", "compute-31"):
        factories.hypervisor(name)


def test_the_list_says_how_many_were_moved(auditor: Client) -> None:
    row = drain("running")
    move(row, "web-01", state="completed")
    move(row, "web-02", place=2, state="running")

    said = text(auditor, "/drains/")

    assert f"{row.pk} · compute-30" in said
    assert "1 of 2" in said


def test_the_menu_counts_those_that_wait_for_ones_decision(
    approver: Client, auditor: Client
) -> None:
    drain()
    drain("running")

    assert "1 waiting for your decision" in text(approver, "/leaks/")
    assert "waiting for your decision" not in text(auditor, "/leaks/")


@pytest.mark.parametrize("words", ["compute-30", "web-0", "OPS-42"])
def test_it_is_found_by_host_instance_and_ticket(auditor: Client, words: str) -> None:
    row = drain()
    move(row, "web-01")
    other = drain(hosts=["compute-31"], ticket="OPS-7")

    said = text(auditor, f"/drains/?q={words}")

    assert f'href="/drains/{row.pk}/"' in said
    assert f'href="/drains/{other.pk}/"' not in said


def test_while_it_is_planned_it_says_how_far_that_is(auditor: Client) -> None:
    row = drain("planning", tasks=[{}, {}, {}], looked_at_moves=2)

    said = text(auditor, f"/drains/{row.pk}/")

    assert "2 of 3 moves checked." in said
    assert f"/drains/{row.pk}/progress/?state=planning" in said


def test_before_it_runs_it_shows_moves_what_stays_and_the_effect(
    auditor: Client,
) -> None:
    stays = [
        {
            "instance": "0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11",
            "name": "web-09",
            "host": "compute-30",
            "sentence": "web-09 is ERROR.",
            "way_out": "Reset its state first.",
        }
    ]
    row = drain(stays=stays)
    first = move(row, "web-01", fallbacks=["compute-34"])

    said = text(auditor, f"/drains/{row.pk}/")

    assert f'href="/requests/{first.pk}/"' in said
    assert "compute-34" in said
    assert "Reset its state first." in said
    assert "Effect on hosts" in said
    assert "There is no decision yet." in said


def test_at_its_end_it_says_what_became_of_each(auditor: Client) -> None:
    row = drain("incomplete", why="One instance was not moved.")
    move(row, "web-01", state="completed")
    move(row, "web-02", place=2, state="left", why="Nothing had room for it.")

    said = text(auditor, f"/drains/{row.pk}/")

    assert "<strong>1 of 2</strong>" in said
    assert "1 not moved" in said
    assert "Nothing had room for it." in said
    assert "hx-trigger" not in said.partition('id="drain-progress"')[2][:200]


def test_a_changed_state_brings_the_rest_of_the_page_along(auditor: Client) -> None:
    row = drain("running")
    move(row, "web-01", state="running")

    same = auditor.get(f"/drains/{row.pk}/progress/?state=running")
    other = auditor.get(f"/drains/{row.pk}/progress/?state=approved")

    assert "HX-Trigger-After-Settle" not in same.headers
    assert "drain-changed" in other.headers["HX-Trigger-After-Settle"]
    assert "1 running" in same.content.decode()


def test_an_operator_asks_for_a_host_to_be_emptied(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def ask(**given: Any) -> Drain:
        asked.update(given)
        return drain("planning")

    monkeypatch.setattr("migrations_app.drains.actions.ask", ask)
    form = {
        "hosts": "compute-30 , compute-31",
        "reason": "New memory.",
        "afterwards": "keep",
        "per_source": "1",
        "per_target": "2",
        "per_zone": "0",
        "overall": "4",
        "stop_after": "3",
    }

    answer = operator.post("/drains/ask/", form)

    assert answer.status_code == 302, answer.content.decode()[-3000:]
    assert asked["hosts"] == ["compute-30", "compute-31"]
    assert asked["targets"] is None
    assert asked["limits"]["overall"] == 4


def test_a_form_without_hosts_says_so(operator: Client) -> None:
    answer = operator.post("/drains/ask/", {"reason": "New memory."})

    assert answer.status_code == 422
    assert "Name the hosts to empty." in answer.content.decode()


def test_who_may_decide_finds_the_buttons_and_nobody_else(
    auditor: Client, approver: Client, operator: Client
) -> None:
    row = drain(asked_by=factories.person("olga", "operator"))
    move(row, "web-01")
    factories.policy("all")

    assert "Approve this drain" in text(approver, f"/drains/{row.pk}/")
    assert "Approve this drain" not in text(auditor, f"/drains/{row.pk}/")
    assert "Withdraw" in text(operator, f"/drains/{row.pk}/")


def test_a_decision_without_a_note_is_refused_with_a_sentence(
    approver: Client,
) -> None:
    row = drain()
    move(row, "web-01")

    answer = approver.post(f"/drains/{row.pk}/reject/", {"note": ""})

    assert answer.status_code == 422
    assert "Give a reason for the rejection" in answer.content.decode()


def test_what_was_moved_can_be_moved_back_when_it_is_over(operator: Client) -> None:
    row = drain("completed")
    move(row, "web-01", state="completed")

    assert "Request to move them back" in text(operator, f"/drains/{row.pk}/")


def test_who_comes_home_finds_the_drain_that_waits_for_them(approver: Client) -> None:
    row = drain()

    said = text(approver, "/")

    assert f"Drain {row.pk}: compute-30" in said
    assert "waits for your decision" in said


def test_a_move_of_a_drain_is_marked_and_can_be_left_out(auditor: Client) -> None:
    row = drain()
    one = move(row, "web-01")

    assert f'in <a href="/drains/{row.pk}/">' in text(auditor, "/requests/")
    assert f"#{one.pk} web-01" not in text(auditor, "/requests/?drains=without")
    assert f"drain {row.pk}</a>" in text(auditor, f"/requests/{one.pk}/")


def test_a_host_leads_to_both(operator: Client) -> None:
    said = text(operator, "/hypervisors/compute-30/")

    assert "/what-if/?host=compute-30" in said
    assert "/drains/ask/?hosts=compute-30" in said


def test_the_number_of_queries_does_not_grow_with_the_moves(
    auditor: Client, django_assert_max_num_queries: Any
) -> None:
    row = drain()
    for number in range(1, 13):
        move(row, f"web-{number}", place=number)

    with django_assert_max_num_queries(40):
        text(auditor, f"/drains/{row.pk}/")
