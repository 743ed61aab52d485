"""What workers do for the proof by themselves: sign what is new, verify, and alarm."""

from __future__ import annotations

import json
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from structlog.testing import capture_logs

from migrations_app.audit import (
    recorder,
    settings_changes,
    signed_file,
    signing,
    signing_key,
    triggers,
    watch,
)
from migrations_app.audit.triggers import ENTRIES
from migrations_app.models import AuditEntry, AuditSignature, AuditWatch
from migrations_app.web import metrics
from tests.audit.test_tampering import cut_with_the_head, rechain, sql
from tests.audit.trail import keys, signatures, write
from tests.factories import person

__all__ = ["keys"]
pytestmark = pytest.mark.django_db(transaction=True)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def now() -> datetime:
    """When the test begins: commands read the clock themselves."""
    return timezone.now()


def alarms() -> list[str]:
    return list(
        AuditEntry.objects.filter(verb__in=("audit.unsigned", "audit.broken"))
        .order_by("pk")
        .values_list("verb", flat=True)
    )


def test_it_is_signed_whenever_it_has_moved_once_a_minute_at_most(
    keys: Path, now: datetime
) -> None:
    write(2)
    watch.tend(now)
    write(1)
    watch.tend(now + MINUTE / 2)
    assert [line["entry"] for line in signatures()] == [2]
    watch.tend(now + MINUTE)
    watch.tend(now + 2 * MINUTE)  # nothing is new
    assert [line["entry"] for line in signatures()] == [2, 3]
    assert signing.standing(now + 2 * MINUTE).state == "ok"


def test_a_clock_that_was_set_back_does_not_stop_it(keys: Path, now: datetime) -> None:
    write(1)
    watch.tend(now + HOUR)
    write(1)
    watch.tend(now)
    assert [line["entry"] for line in signatures()] == [1, 2]


def test_a_file_that_was_put_back_to_an_older_one_is_not_signed_on(
    keys: Path, now: datetime
) -> None:
    write(1)
    watch.tend(now)
    older = Path(settings.NOVAWEB_AUDIT_SIGNED).read_bytes()
    write(1)
    watch.tend(now + MINUTE)
    Path(settings.NOVAWEB_AUDIT_SIGNED).write_bytes(older)
    write(1)
    watch.tend(now + 2 * MINUTE)
    assert alarms() == ["audit.unsigned"]
    assert [line["entry"] for line in signatures()] == [1]


def test_of_each_day_one_signature_is_in_the_database(
    keys: Path, now: datetime
) -> None:
    for hours in (0, 1, 48):
        write(1)
        signing.sign(now.replace(hour=1) + hours * HOUR)
    assert [row.entry for row in AuditSignature.objects.all()] == [2, 3]


def test_each_signature_is_in_the_log_and_with_syslog(
    keys: Path, settings: Any, tmp_path: Path, now: datetime
) -> None:
    settings.NOVAWEB_AUDIT_SYSLOG = str(tmp_path / "log")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(settings.NOVAWEB_AUDIT_SYSLOG)
        syslog.settimeout(10)
        write(1)
        with capture_logs() as logs:
            watch.tend(now)
        said = syslog.recv(4096).rstrip(b"\0")
    (line,) = (keys / "signed.jsonl").read_text(encoding="utf-8").splitlines()
    assert said == b"<86>novaweb-audit: " + line.encode()
    assert [each["line"] for each in logs if "line" in each] == [line]


def test_a_syslog_that_does_not_listen_is_told_and_the_signature_stays(
    keys: Path, settings: Any, tmp_path: Path, now: datetime
) -> None:
    settings.NOVAWEB_AUDIT_SYSLOG = str(tmp_path / "nobody")
    write(1)
    watch.tend(now)
    assert len(signatures()) == 1
    assert "could not be handed to syslog" in signing.standing(now).sentence


@pytest.mark.parametrize("signed", [True, False])
def test_a_tail_that_was_rewritten_is_not_signed_on_and_people_hear_of_it(
    keys: Path, signed: bool, client: Client, now: datetime
) -> None:
    """With triggers as before, and all digests made anew from there on."""
    write(4)
    watch.tend(now)
    if not signed:
        write(3)
    number = 4 if signed else 6
    sql(f"UPDATE {ENTRIES} SET note = 'nothing' WHERE id = {number}")  # noqa: S608
    if signed:
        rechain(number)
    watch.tend(now + MINUTE)
    assert len(signatures()) == 1
    assert alarms() == ["audit.unsigned"]
    client.force_login(person("ada", "auditor"))
    assert "is not signed any more" in client.get("/").content.decode()
    assert b"novaweb_audit_trouble 1.0" in metrics.page()


def test_a_trail_that_was_cut_is_not_signed_on(keys: Path, now: datetime) -> None:
    write(12)
    watch.tend(now)
    cut_with_the_head()
    watch.tend(now + MINUTE)
    assert "entries up to there are missing" in signing.standing(now).sentence


def test_what_is_new_is_verified_once_an_hour_and_nothing_twice(
    keys: Path, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    write(4)
    watch.tend(now)
    checked = mock.Mock(side_effect=signing_key.require_good)
    monkeypatch.setattr(signed_file, "require_good", checked)
    write(2)
    watch.tend(now + MINUTE)
    assert AuditWatch.objects.get().count == 4
    checked.reset_mock()
    assert watch.look(now + HOUR) == ""
    assert checked.call_count == 1
    assert AuditWatch.objects.get().count == 6


def test_pages_verify_no_signature(
    keys: Path, client: Client, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    write(2)
    watch.tend(now)
    client.force_login(person("ada", "auditor"))
    monkeypatch.setattr(signed_file, "require_good", mock.Mock(side_effect=OSError))
    for path in ("/", "/audit/", "/audit/1/", "/api/audit/verify/"):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("deed", ["changed", "cut", "emptied"])
def test_a_file_of_signatures_that_was_changed_is_told(
    keys: Path, deed: str, now: datetime
) -> None:
    file = keys / "signed.jsonl"
    write(2)
    watch.tend(now)
    write(1)
    watch.tend(now + MINUTE)
    assert watch.look(now) == ""
    text = file.read_text(encoding="utf-8")
    kept = {"changed": text.replace('"entry": 2', '"entry": 1'), "emptied": ""}
    kept["cut"] = text.splitlines(keepends=True)[0]
    file.write_text(kept[deed], encoding="utf-8")
    assert "were changed or cut" in watch.look(now + HOUR)
    assert alarms() == ["audit.broken"]
    with pytest.raises(SystemExit):
        call_command("verify_audit")


def test_a_file_that_is_gone_is_not_begun_anew(keys: Path, now: datetime) -> None:
    write(2)
    watch.tend(now)
    (keys / "signed.jsonl").unlink()
    write(1)
    watch.tend(now + MINUTE)
    assert signatures() == []
    assert "put the file back" in signing.standing(now).sentence


def test_the_trail_has_the_fingerprint_of_the_key(keys: Path) -> None:
    """Another key under the same path is a change of settings."""
    ours = []
    for _ in range(2):
        public = signing_key.private_key().public_key()
        ours.append(signing_key.fingerprint(public))
        assert settings_changes.compare("worker")
        assert not settings_changes.compare("worker")
        (keys / "key.pem").unlink()
        signing_key.make_key(keys / "key.pem")
    entries = AuditEntry.objects.filter(verb="settings.changed").order_by("pk")
    name = settings_changes.AUDIT_KEY
    assert [entry.after["settings"][name] for entry in entries] == ours
    (keys / "key.pem").unlink()
    settings_changes.compare("worker")
    last = AuditEntry.objects.latest("pk").after["settings"]
    assert "cannot be read" in last[name]


def test_a_signature_by_command_tells_of_its_key(keys: Path) -> None:
    call_command("sign_audit")
    public = signing_key.private_key().public_key()
    entry = AuditEntry.objects.get(verb="audit.signed")
    assert entry.after == {"key": signing_key.fingerprint(public)}


def test_a_line_that_was_forged_is_told(keys: Path, now: datetime) -> None:
    write(2)
    watch.tend(now)
    line = {**signatures()[0], "count": 3, "entry": 3}
    with (keys / "signed.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    assert "has no good signature" in watch.look(now + HOUR)
    (keys / "key.pem").unlink()
    signing_key.make_key(keys / "key.pem")
    watch.tend(now + 2 * HOUR)
    assert "another key" in signing.standing(now).sentence


def test_a_chain_that_was_changed_without_signatures_is_told(now: datetime) -> None:
    write(4)
    watch.tend(now)
    assert signing.standing(now).state == "off"
    sql(f"UPDATE {ENTRIES} SET note = 'nothing' WHERE id = 4")  # noqa: S608
    rechain(4)
    with capture_logs() as logs:
        watch.tend(now + HOUR)
    assert signing.standing(now).state == "bad"
    assert [each["log_level"] for each in logs] == ["critical"]
    assert alarms() == ["audit.broken"]


def test_an_alarm_is_recorded_once_a_day_and_ends_when_all_is_verified(
    keys: Path, now: datetime
) -> None:
    write(2)
    watch.tend(now)
    with connection.cursor() as cursor:
        on = f" ON {ENTRIES}" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER audit_no_update{on}")
    for hours in range(1, 4):
        watch.look(now + hours * HOUR)
    assert alarms() == ["audit.broken"]
    assert "audit_no_update" in signing.standing(now).sentence
    with pytest.raises(SystemExit):
        call_command("verify_audit")
    triggers.add(connection)
    call_command("verify_audit")
    assert signing.standing(now).state == "ok"


def test_silent_workers_are_told(keys: Path, now: datetime) -> None:
    write(1)
    watch.tend(now)
    assert signing.standing(now + signing.PATIENCE).state == "ok"
    late = signing.standing(now + signing.PATIENCE + MINUTE)
    assert (late.state, late.alarming) == ("old", True)
    assert "last verified" in signing.standing(now + 4 * HOUR).sentence


def test_what_a_machine_found_that_is_gone_is_past(keys: Path, now: datetime) -> None:
    AuditWatch.objects.create(place="old", tended_at=now, trouble="Broken.", signs=True)
    assert signing.standing(now).sentence == "Broken."
    recorder.record("account.signed_in", actor_name="rita")
    watch.tend(now + 25 * HOUR)
    assert signing.standing(now + 25 * HOUR).state == "ok"
