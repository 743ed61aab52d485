"""Hosts are disabled and enabled by people: what is allowed, and what is recorded."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from migrations_app.errors import Gone, NotAllowed, TooLate, Unfit, Unreachable
from migrations_app.integrations import connect
from migrations_app.inventory import compute_services
from migrations_app.models import AuditEntry, Hypervisor
from tests import factories
from tests.cast import Cast, cast, last_entry
from tests.crowd import Crowd

__all__ = ["cast"]
pytestmark = pytest.mark.django_db
NOBODY = "0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11"


@pytest.fixture
def stage(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Crowd:
    """A pretend cloud with many hosts; its clock is everybody's."""
    settings.NOVAWEB_LEASE = 600.0
    made = Crowd()
    monkeypatch.setattr(connect, "_cloud", lambda name: made.cloud)
    monkeypatch.setattr(timezone, "now", made.clock)
    return made


def id_of(stage: Crowd, host: str) -> str:
    return stage.cloud.service(host).id


def test_it_disables_with_a_reason_that_names_the_person(
    stage: Crowd, cast: Cast
) -> None:
    row = factories.hypervisor("compute-31")
    done = compute_services.disable(
        id_of(stage, "compute-31"), by=cast.operator, reason="New  memory"
    )
    assert not done.enabled
    reason = "New memory (operator via novaweb)"
    assert stage.services()["compute-31"] == (False, reason, False)
    entry = last_entry("service.disabled")
    assert (entry.cloud, entry.source, entry.note) == (
        *("pretend", "compute-31"),
        "New  memory",
    )
    assert entry.before == {"enabled": True, "reason": None}
    row.refresh_from_db()
    assert (row.enabled, row.disabled_reason) == (False, reason)


def test_it_enables(stage: Crowd, cast: Cast) -> None:
    row = factories.hypervisor("compute-35", enabled=False, disabled_reason="Old")
    compute_services.enable(
        id_of(stage, "compute-35"), by=cast.operator, note="The memory is in."
    )
    assert stage.services()["compute-35"] == (True, None, False)
    entry = last_entry("service.enabled")
    assert entry.before == {"enabled": False, "reason": "Migrations only"}
    assert entry.actor_name == "operator"
    row.refresh_from_db()
    assert (row.enabled, row.disabled_reason) == (True, "")


def test_only_an_operator_may(stage: Crowd, cast: Cast) -> None:
    service = id_of(stage, "compute-31")
    for person in (cast.requester, cast.approver, cast.auditor, cast.nobody):
        with pytest.raises(NotAllowed):
            compute_services.disable(service, by=person, reason="Because.")
        with pytest.raises(NotAllowed):
            compute_services.enable(service, by=person, note="Because.")
    assert stage.disabled() == set()
    assert len(compute_services.services(by=cast.auditor)) == 10
    with pytest.raises(NotAllowed):
        compute_services.services(by=cast.nobody)


@pytest.mark.parametrize(
    "reason, sentence",
    [
        ("", "Give a reason"),
        ("  ", "Give a reason"),
        ("x" * 240, "at most 232 characters fit"),
        ("AUTO: it seemed right", "must not begin with “AUTO:”"),
        ("novaweb:12345678 was enabled; so what", "must not begin with"),
    ],
)
def test_a_reason_must_be_one(
    stage: Crowd, cast: Cast, reason: str, sentence: str
) -> None:
    with pytest.raises(Unfit, match=sentence):
        compute_services.disable(
            id_of(stage, "compute-31"), by=cast.operator, reason=reason
        )
    assert stage.disabled() == set()
    assert not AuditEntry.objects.exists()


def test_what_is_so_already_is_not_done_again(stage: Crowd, cast: Cast) -> None:
    with pytest.raises(TooLate, match="disabled already: “Migrations only”"):
        compute_services.disable(
            id_of(stage, "compute-35"), by=cast.operator, reason="Because."
        )
    with pytest.raises(TooLate, match="enabled already"):
        compute_services.enable(
            id_of(stage, "compute-31"), by=cast.operator, note="Because."
        )
    assert stage.disabled() == set()


def test_only_nova_compute_can_be_changed(stage: Crowd, cast: Cast) -> None:
    (conductor,) = (
        it for it in stage.cloud.all_services() if it.binary == "nova-conductor"
    )
    with pytest.raises(Unfit, match="Nova disables nova-compute only"):
        compute_services.disable(conductor.id, by=cast.operator, reason="Because.")
    with pytest.raises(Gone):
        compute_services.disable(NOBODY, by=cast.operator, reason="Because.")


def test_what_libvirt_disabled_is_libvirts_to_enable(stage: Crowd, cast: Cast) -> None:
    with pytest.raises(TooLate, match="its libvirt does not answer"):
        compute_services.enable(
            id_of(stage, "compute-36"), by=cast.operator, note="Because."
        )
    assert stage.disabled() == set()


def test_what_a_run_needs_disabled_is_left_to_it(stage: Crowd, cast: Cast) -> None:
    stage.cloud.set(trait_seconds=10**6)
    run = stage.begin()
    stage.until(run, stage.disabled)
    service = id_of(stage, "compute-31")
    with pytest.raises(TooLate, match=f"Request {run.request_id} needs it disabled"):
        compute_services.enable(service, by=cast.operator, note="Because.")

    stage.later(minutes=10)  # it has lost its right, and nobody has seen to it yet
    compute_services.enable(service, by=cast.operator, note="It hangs.")
    assert "compute-31" not in stage.disabled()


def test_what_another_novaweb_left_can_be_enabled(stage: Crowd, cast: Cast) -> None:
    stage.disable("compute-31", "novaweb:0badcafe was enabled; disabled for some")
    compute_services.enable(id_of(stage, "compute-31"), by=cast.operator, note="Stale.")
    assert stage.disabled() == set()


def test_what_nova_does_not_do_is_recorded_too(stage: Crowd, cast: Cast) -> None:
    factories.hypervisor("compute-31")
    stage.cloud.fail("set_service", Unreachable("Nova takes its time."))
    with pytest.raises(Unreachable):
        compute_services.disable(
            id_of(stage, "compute-31"), by=cast.operator, reason="Because."
        )
    assert last_entry("service.disabled").actor_name == "operator"
    assert last_entry("service.failed").note == "Nova takes its time."
    assert Hypervisor.objects.get().enabled
