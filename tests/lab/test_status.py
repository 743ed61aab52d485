from __future__ import annotations

from dataclasses import replace

from lab.status import Reported, judge, understood

LOGS = "/lab/run"
UP = Reported(state="up", enabled=True, reason=None, updated_at=None)


def sentence(
    name: str, trouble: str | None = None, reported: Reported | None = None
) -> tuple[bool, str]:
    others = {"nova-scheduler": UP}
    if reported:
        others[name] = reported
    (line,) = judge({name: trouble}, others, logs=LOGS)
    return line.works, line.sentence


def test_a_service_that_has_ended_is_down() -> None:
    works, said = sentence("glance", "is down")
    assert not works
    assert "`python3 -m lab start glance`" in said
    assert "/lab/run/glance.log" in said


def test_a_service_that_does_not_answer_is_wrong() -> None:
    works, said = sentence("glance", "does not answer at http://127.0.0.21:9292/")
    assert not works
    assert said.startswith("runs, but does not answer at http://127.0.0.21:9292/")


def test_a_host_that_nova_has_lost_is_wrong_although_it_runs() -> None:
    works, said = sentence(
        "nova-compute-31",
        reported=replace(UP, state="down", updated_at="2026-01-02T03:04:05.000000"),
    )
    assert not works
    assert said == (
        "runs, but Nova says it is down since 03:04:05 UTC; "
        "see /lab/run/nova-compute-31.log"
    )


def test_a_host_that_nova_does_not_know_is_wrong() -> None:
    works, said = sentence("nova-compute-31")
    assert not works
    assert "Nova has never heard of it" in said


def test_a_disabled_host_works() -> None:
    reported = replace(UP, enabled=False, reason="Migrations Only")
    assert sentence("nova-compute-34", reported=reported) == (
        True,
        "up, disabled: Migrations Only",
    )


def test_it_does_not_ask_nova_about_an_api() -> None:
    assert sentence("nova-api") == (True, "up")


def test_it_knows_a_nova_compute_by_its_host() -> None:
    found = {
        "binary": "nova-compute",
        "host": "compute-30",
        "state": "up",
        "status": "disabled",
        "disabled_reason": None,
        "updated_at": None,
    }
    assert understood([found]) == {"nova-compute-30": replace(UP, enabled=False)}
