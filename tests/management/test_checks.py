"""System checks: what must be so before novaweb may be trusted with machines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from django.core.checks import run_checks
from django.core.checks.registry import registry
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection

from migrations_app.management import checks
from migrations_app.models import AuditEntry
from migrations_app.procedures.base import Act, Procedure, Step, StepContext, StepStatus
from migrations_app.procedures.registry import PROCEDURES


class Looks(Step):
    """Look."""

    title = "Look"

    def check(self, ctx: StepContext) -> StepStatus:
        return StepStatus.DONE


class Asks(Act):
    """Ask."""

    title = "Ask"

    def check(self, ctx: StepContext) -> StepStatus:
        return StepStatus.DONE

    def do(self, ctx: StepContext) -> None: ...

    def request_seen(self, ctx: StepContext) -> bool:
        return True


class AsksForGood(Asks):
    """Ask, with no way back."""

    final = True
    reversible = False


class AsksForever(Asks):
    """Ask, with no way back, and do not say so."""

    reversible = False


class Mute(Step):
    title = "Do nothing"

    def check(self, ctx: StepContext) -> StepStatus:
        return StepStatus.DONE


class Nameless(Step):
    """Look, without a title."""

    def check(self, ctx: StepContext) -> StepStatus:
        return StepStatus.DONE


def plan(*steps: Step) -> type[Procedure]:
    class Planned(Procedure):
        name: ClassVar[str] = "planned"

    Planned.steps = steps
    return Planned


@pytest.mark.parametrize("name", PROCEDURES)
def test_our_own_plans_are_sound(name: str) -> None:
    assert checks.unsound(PROCEDURES[name]) == []


@pytest.mark.parametrize(
    "steps, words",
    [
        ((Looks(), Looks()), "two steps have the same key"),
        ((Mute(),), "mute has no sentence"),
        ((Nameless(),), "nameless has no title"),
        ((AsksForGood(), Asks()), "after asks_for_good, the point of no return"),
        ((AsksForever(),), "asks_forever cannot be undone and is not final"),
    ],
)
def test_an_unsound_plan_is_told(steps: tuple[Step, ...], words: str) -> None:
    (sentence,) = checks.unsound(plan(*steps))
    assert words in sentence


def test_looks_may_follow_the_point_of_no_return() -> None:
    assert checks.unsound(plan(Asks(), AsksForGood(), Looks())) == []


@pytest.mark.parametrize(
    "setting, value, number",
    [
        ("SECRET_KEY", "", "novaweb.E001"),
        ("NOVAWEB_LEASE", 0.5, "novaweb.E002"),
        ("NOVAWEB_CLOUDS", [], "novaweb.E003"),
        ("NOVAWEB_FULL_SCAN_HOUR", 24, "novaweb.E008"),
        ("NOVAWEB_SESSION_IDLE", 0.0, "novaweb.E030"),
        ("NOVAWEB_SESSION_HOURS", 0.5, "novaweb.E030"),
        ("NOVAWEB_REAUTHENTICATE", -1.0, "novaweb.E031"),
    ],
)
def test_settings_that_make_no_sense_are_told(
    settings: Any, setting: str, value: Any, number: str
) -> None:
    setattr(settings, setting, value)
    (found,) = checks.settings_make_sense()
    assert found.id == number
    assert found.hint


def test_settings_as_they_are_make_sense() -> None:
    assert checks.settings_make_sense() == []


def test_a_pretend_cloud_that_nobody_allowed_is_an_error(settings: Any) -> None:
    settings.NOVAWEB_CLOUDS = ["real", "pretend"]
    settings.NOVAWEB_ALLOW_PRETEND = False
    (found,) = checks.pretend_cloud_is_allowed()
    assert (found.id, found.is_serious()) == ("novaweb.E009", True)
    assert "NOVAWEB_CLOUDS" in str(found.hint)


@pytest.mark.parametrize(
    ("clouds", "allowed"), [(["pretend"], True), (["real"], False), (["real"], True)]
)
def test_a_pretend_cloud_that_is_allowed_or_not_configured_is_fine(
    settings: Any, clouds: list[str], allowed: bool
) -> None:
    settings.NOVAWEB_CLOUDS = clouds
    settings.NOVAWEB_ALLOW_PRETEND = allowed
    assert checks.pretend_cloud_is_allowed() == []


@pytest.fixture
def ways(tmp_path: Path, settings: Any) -> Path:
    """Ways into a cloud, as they should be."""
    for name, text in {
        "key": "",
        "nova-db.cnf": "",
        "config": f"Host *\n  IdentityFile {tmp_path}/key\n  identityfile ~/%h\n",
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o640)
    settings.NOVAWEB_CLOUDS = ["lab"]
    settings.NOVAWEB_SSH = {"lab": str(tmp_path / "config")}
    settings.NOVAWEB_NOVA_DB = {"lab": str(tmp_path / "nova-db.cnf")}
    return tmp_path


def test_ways_in_that_are_as_they_should_be_need_no_word(ways: Path) -> None:
    (ways / "config").chmod(0o644)  # it holds no secret
    assert checks.ways_in_are_there() == []


@pytest.mark.parametrize("name", ["config", "key", "nova-db.cnf"])
def test_a_way_in_that_is_missing_is_told(ways: Path, name: str) -> None:
    (ways / name).unlink()
    (found,) = checks.ways_in_are_there()
    assert found.id == "novaweb.W003"
    assert f"{ways / name}, which cannot be read (No such file" in found.msg


@pytest.mark.parametrize("name", ["key", "nova-db.cnf"])
def test_a_secret_that_everybody_may_read_is_told(ways: Path, name: str) -> None:
    (ways / name).chmod(0o644)
    (found,) = checks.ways_in_are_there()
    assert found.id == "novaweb.W004"
    assert found.hint == f"chmod o= {ways / name}"


def test_ways_into_a_cloud_that_is_not_configured_are_told(
    ways: Path, settings: Any
) -> None:
    settings.NOVAWEB_CLOUDS = ["another"]
    found = checks.ways_in_are_there()
    assert [each.id for each in found] == ["novaweb.W002", "novaweb.W002"]
    assert "NOVAWEB_SSH names “lab”, a cloud that is not" in found[0].msg


@pytest.mark.django_db
def test_all_is_well_after_migrating() -> None:
    assert [
        m for m in run_checks(databases=["default"]) if m.id == "novaweb.E005"
    ] == []


@pytest.mark.django_db
def test_a_missing_trigger_is_told() -> None:
    table = AuditEntry._meta.db_table
    on = f" ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER audit_no_update{on}")
    found = run_checks(databases=["default"])
    assert [m.id for m in found if (m.id or "").startswith("novaweb")] == [
        "novaweb.E005"
    ]


def test_a_worker_does_not_start_where_a_check_of_ours_fails(settings: Any) -> None:
    settings.NOVAWEB_ALLOW_PRETEND = False
    with pytest.raises(SystemCheckError, match=r"novaweb\.E009"):
        call_command("worker", skip_checks=False)


def test_a_worker_makes_every_check_of_ours_that_does_not_ask_the_database() -> None:
    ours = [
        check
        for check in registry.get_checks()
        if check.__module__.startswith("migrations_app.")
    ]
    left_out = {c.__name__ for c in ours if checks.OURS not in c.tags}  # type: ignore[attr-defined]
    assert left_out == {"audit_is_append_only", "audit_signatures_stand"}
