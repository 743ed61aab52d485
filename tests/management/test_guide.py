"""``manage.py guide`` prints the set-up guide."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from migrations_app.inventory.setup_guide import site as setup_site
from migrations_app.inventory.setup_guide.step import State, Step
from tests import factories
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_it_prints_every_part_and_fails_where_something_is_missing(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    factories.hypervisor(stage.source)

    with pytest.raises(SystemExit) as end:
        call_command("guide")

    told = capsys.readouterr().out
    assert end.value.code == 1
    assert "[Missing] Accounts. Nobody has the role approver" in told
    assert "    -> Give the role on “Accounts and roles”" in told
    assert "    What it costs: No request can be approved." in told
    assert "Cloud pretend\n-------------\n[OK] Entry in clouds.yaml." in told
    assert "Workers in pretend\n" in told


def test_it_ends_well_where_only_what_need_not_be_is_missing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    factories.hypervisor(stage.source)
    unused = Step("E-mail", State.UNUSED, "None.", "Set it.", "No mail.")
    monkeypatch.setattr(setup_site, "steps", lambda: [unused])

    call_command("guide")

    assert "[Not set up] E-mail. None." in capsys.readouterr().out
