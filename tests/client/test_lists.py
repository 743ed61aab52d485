"""Drains, the audit trail and the pre-flight, by commands on the API itself."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import requests
from osc_lib.exceptions import CommandError

from migrations_app.models import AuditEntry, Drain
from novaweb_client import audit, drains, preflight
from novaweb_client.api import Unanswered
from tests import factories
from tests.cast import Cast
from tests.client.conftest import At
from tests.drains.drain_stage import REASON, Emptying
from tests.stage import Stage

pytestmark = pytest.mark.django_db
JSON = ("-f", "json")


def test_a_drain_is_requested_with_its_limits(at: At, cast: Cast, stage: Stage) -> None:
    Emptying(stage, cast, instances=2).read()

    words = (stage.source, "--reason", REASON, "--per-source", "1", *JSON)
    done = at(cast.operator).run(drains.CreateDrain, *words)

    row = Drain.objects.get()
    assert (done.json["id"], done.json["state"]) == (row.pk, "planning")
    assert row.hosts == [stage.source]
    assert row.limits["per_source"] == 1


def test_a_drain_is_approved_once_its_moves_were_shown(
    at: At, cast: Cast, stage: Stage
) -> None:
    drain = Emptying(stage, cast, instances=2).planned()
    terminal = at(cast.approver)
    words = (str(drain.pk), "--note", "Fine.", *JSON)

    with pytest.raises(CommandError, match="--digest"):
        terminal.run(drains.ApproveDrain, *words)
    done = terminal.run(drains.ApproveDrain, *words, types="yes\n")

    assert done.json["state"] == "approved"
    assert drain.plan_digest in done.stderr
    for move in drain.moves.all():
        assert f"{move.instance_name} ({move.instance})" in done.stderr


def test_a_drain_is_approved_by_its_digest_alone(
    at: At, cast: Cast, stage: Stage
) -> None:
    drain = Emptying(stage, cast, instances=2).planned()
    words = (str(drain.pk), "--note", "Fine.", *JSON, "--digest")

    with pytest.raises(CommandError):
        at(cast.approver).run(drains.ApproveDrain, *words, "0" * 64)
    done = at(cast.approver).run(drains.ApproveDrain, *words, drain.plan_digest)

    assert done.json["state"] == "approved"


def test_drains_are_listed_shown_and_watched(at: At, cast: Cast) -> None:
    rows = [factories.drain(), factories.drain("paused", why="Look at it.")]
    terminal = at(cast.auditor)

    done = terminal.run(drains.ListDrains, *JSON)
    assert [row["id"] for row in done.json] == [rows[1].pk, rows[0].pk]
    assert done.json[0]["hosts"] == ["compute-30"]
    done = terminal.run(drains.ListDrains, "--state", "paused")
    assert "compute-30" in done.stdout
    done = terminal.run(drains.ShowDrain, str(rows[0].pk))
    assert "per_source=2" in done.stdout
    done = terminal.run(drains.WatchDrain, str(rows[1].pk))
    assert done.status == 3
    assert "Look at it." in done.stderr


@pytest.fixture
def trail(db: None) -> list[AuditEntry]:
    return [factories.audit_entry(ticket=f"OPS-{number % 2}") for number in range(5)]


def test_the_trail_is_listed_newest_first(
    at: At, cast: Cast, trail: list[AuditEntry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("novaweb_client.api.MOST_ON_A_PAGE", 2)
    terminal = at(cast.auditor)

    done = terminal.run(audit.ListAudit, "--limit", "0", *JSON, "--ticket", "OPS-0")

    assert [row["id"] for row in done.json] == [trail[n].pk for n in (4, 2, 0)]
    assert len(terminal.wire.asked) == 2


def test_an_export_is_a_new_file_of_ones_own(
    at: At, cast: Cast, trail: list[AuditEntry], tmp_path: Path
) -> None:
    file = tmp_path / "audit.csv"
    terminal = at(cast.auditor)

    words = (str(file), "--format", "csv", "--ticket", "OPS-1")
    done = terminal.run(audit.ExportAudit, *words)

    assert done.status == 0
    text = file.read_text(encoding="utf-8")
    assert text.count("OPS-1") == 2
    assert "OPS-0" not in text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(CommandError, match="there already"):
        terminal.run(audit.ExportAudit, *words)
    assert file.read_text(encoding="utf-8") == text


def test_a_broken_export_leaves_no_file(
    at: At, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = at(cast.auditor)
    file = tmp_path / "audit.jsonl"

    terminal.wire.troubles = [requests.ConnectionError()]
    with pytest.raises(Unanswered):
        terminal.run(audit.ExportAudit, str(file))
    with pytest.raises(CommandError, match=r"format|until_entry|number"):
        terminal.run(audit.ExportAudit, str(file), "--until-entry", "x")

    assert list(tmp_path.iterdir()) == []


def test_the_preflight_shows_the_ways_best_first(
    at: At, cast: Cast, stage: Stage
) -> None:
    done = at(cast.requester).run(preflight.ShowPreflight, stage.server, *JSON)

    first, *others = done.json
    assert (first["procedure"], first["target"]) == ("live", stage.target)
    assert first["recommended"] is True
    assert not any(way["recommended"] for way in others)
    assert {way["procedure"] for way in others} >= {"cold", "manual"}
    assert done.stderr.startswith("Live stops the guest")


def test_the_preflight_says_why_a_way_is_blocked(
    at: At, cast: Cast, stage: Stage
) -> None:
    words = (stage.server, "--procedure", "cold", "--target", stage.source)
    done = at(cast.requester).run(
        preflight.ShowPreflight, *words, "-c", "verdict", *JSON
    )
    assert done.json == [{"verdict": "blocks"}]
    done = at(cast.requester).run(preflight.ShowPreflight, *words)
    assert "blocks: " in done.stdout
