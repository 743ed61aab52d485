"""The proof on pages and in the API: verify a part, sign, export."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient, Client
from django.utils import timezone

from migrations_app.audit import recorder, signing, signing_key, watch
from migrations_app.models import AuditEntry, AuditHead
from tests.audit.trail import KEY, WAYS, keys, signatures, stand_alone
from tests.factories import audit_entry, person

__all__ = ["keys"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def auditor() -> User:
    return person("ada", "auditor")


@pytest.fixture
def browser(auditor: User, client: Client) -> Client:
    client.force_login(auditor)
    return client


def body(answer: Any) -> bytes:
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def export(browser: Client, root: str = "/audit/export/", **asked: Any) -> Any:
    """Ask for it as a form of the page does, or as a program."""
    if root.startswith("/api/"):
        return browser.post(f"{root}?{urlencode(asked)}", {}, "application/json")
    return browser.post(root, asked)


@pytest.mark.parametrize("root", ["/audit/export/", "/api/audit/export/"])
def test_looking_at_an_address_writes_no_entry(browser: Client, root: str) -> None:
    assert browser.get(root).status_code in (302, 405)  # no page of its own
    assert not AuditEntry.objects.filter(verb="audit.exported").exists()


def test_a_part_of_the_trail_is_verified(browser: Client) -> None:
    first = audit_entry()
    for _ in range(5):
        last = audit_entry()
    answer = browser.get(
        f"/api/audit/verify/?since_entry={first.pk + 1}&until_entry={last.pk}"
    ).json()
    assert (answer["verified"], answer["count"], answer["bad"]) == (True, 5, None)
    assert answer["head"]["digest"] == last.digest
    assert answer["signatures"]["state"] == "off"


@pytest.mark.parametrize(
    "query", ["since_entry=0", "since_entry=7&until_entry=3", "until_entry=9999", "x=1"]
)
def test_a_part_that_makes_no_sense_is_refused(browser: Client, query: str) -> None:
    assert browser.get(f"/api/audit/verify/?{query}").status_code in (400, 422)


@pytest.mark.parametrize("root", ["/audit/export/", "/api/audit/export/"])
@pytest.mark.parametrize("way", WAYS)
def test_an_export_is_verified_by_whoever_has_the_public_key(
    browser: Client, auditor: User, keys: Path, root: str, way: str
) -> None:
    for number in range(4):
        audit_entry(instance_name=f"web-{number % 2}")
    watch.tend(timezone.now())
    asked = {"instance": "web-1", "until_entry": AuditHead.objects.get().entry}
    files = {"jsonl": "audit.jsonl", "csv": "audit.csv", "proof": "audit-proof.jsonl"}
    for how, name in files.items():
        answer = export(browser, root, format=how, **asked)
        (keys / name).write_bytes(body(answer))
        assert "attachment" in answer["Content-Disposition"]
    status, said = stand_alone(keys, *WAYS[way])
    assert status == 0, said
    assert "2 entries are as they were written" in said
    entry = AuditEntry.objects.filter(verb="audit.exported").first()
    assert entry is not None
    assert (entry.actor_name, entry.after["count"]) == ("ada", 2)
    assert entry.after["filters"] == {"instance": "web-1"}


def test_an_export_without_a_key_says_so(browser: Client, tmp_path: Path) -> None:
    audit_entry()
    (tmp_path / "audit.jsonl").write_bytes(body(export(browser)))
    key = tmp_path / "key.pem"
    (tmp_path / "public.pem").write_text(signing_key.make_key(key), encoding="ascii")
    status, said = stand_alone(tmp_path, *KEY, "audit.jsonl")
    assert (status, "No signature covers" in said) == (1, True)
    status, said = stand_alone(tmp_path, "--no-key", "audit.jsonl")
    assert (status, "No signature was looked at" in said) == (0, True)


def test_an_export_that_makes_no_sense_is_refused(browser: Client) -> None:
    for name, text in {
        "format": "xml",
        "until_entry": "-1",
        "since": "yesterday",
    }.items():
        assert export(browser, **{name: text}).status_code == 422
        assert export(browser, "/api/audit/export/", **{name: text}).status_code == 400
    assert not AuditEntry.objects.filter(verb="audit.exported").exists()


@pytest.mark.django_db(transaction=True)
def test_it_is_sent_while_it_is_written() -> None:
    """By a server under ASGI, which would keep an ordinary iterator until its end."""
    auditor = person("ada", "auditor")
    for _ in range(3):
        audit_entry()

    async def ask() -> list[bytes]:
        browser = AsyncClient()
        await browser.aforce_login(auditor)
        answer: Any = await browser.post("/audit/export/")
        assert isinstance(answer, StreamingHttpResponse) and answer.is_async
        chunks = [chunk async for chunk in answer]
        # those of the thread that wrote it
        await sync_to_async(connections.close_all)()
        return chunks

    lines = b"".join(asyncio.run(ask())).splitlines()
    assert sum(b'"entry":{' in line for line in lines) == 4  # and who signed in


def test_a_person_has_it_signed_by_a_worker(browser: Client, keys: Path) -> None:
    audit_entry()
    watch.tend(timezone.now() - signing.EVERY)
    (first,) = signatures()
    answer = browser.post("/api/audit/sign/", {}, "application/json")
    assert (answer.status_code, answer.json()["state"]) == (202, "ok")
    assert browser.post("/audit/sign/").status_code == 302
    entry = AuditEntry.objects.get(verb="audit.signed")
    assert (entry.actor_name, entry.after) == ("ada", {"key": first["key"]})
    assert len(signatures()) == 1  # no page has the key
    watch.tend(timezone.now())
    assert signatures()[-1]["entry"] == entry.pk


def test_nobody_has_a_trail_signed_that_no_worker_signs(browser: Client) -> None:
    answer = browser.post("/api/audit/sign/", {}, "application/json")
    assert answer.status_code == 422
    assert "is not signed" in answer.json()["detail"]


def test_pages_and_exports_need_neither_the_key_nor_the_file(
    browser: Client, keys: Path, settings: Any
) -> None:
    audit_entry()
    watch.tend(timezone.now())
    settings.NOVAWEB_AUDIT_KEY = settings.NOVAWEB_AUDIT_SIGNED = ""
    audit_entry()
    assert "up to entry 2" in browser.get("/audit/").content.decode()
    (keys / "audit.jsonl").write_bytes(body(export(browser)))
    status, said = stand_alone(keys, *WAYS["jsonl"])
    assert (status, "2 entries are as they were written" in said) == (0, True), said


def test_a_trail_that_is_not_signed_is_never_called_fine(
    capsys: pytest.CaptureFixture[str],
) -> None:
    recorder.record("account.signed_in", actor_name="rita")
    call_command("verify_audit")
    said = capsys.readouterr()
    assert "Verified: 1 entries" in said.out
    assert "WARNING: The audit trail is not signed" in said.err
    with pytest.raises(CommandError, match="NOVAWEB_AUDIT_KEY"):
        call_command("sign_audit")


def test_entries_that_were_not_signed_in_time_fail_the_verification(
    keys: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.record("account.signed_in", actor_name="rita")
    with pytest.raises(SystemExit):
        call_command("verify_audit")
    call_command("sign_audit")
    recorder.record("account.signed_in", actor_name="rita")
    call_command("verify_audit")
    monkeypatch.setattr(signing, "PATIENCE", -signing.PATIENCE)
    with pytest.raises(SystemExit):
        call_command("verify_audit")


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    call_command("audit_key", tmp_path / "key.pem")
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o600
    with pytest.raises(CommandError, match="File exists"):
        call_command("audit_key", tmp_path / "key.pem")


def test_the_audit_page_says_how_it_is_signed_and_exports(browser: Client) -> None:
    audit_entry()
    text = browser.get("/audit/?instance=web-001").content.decode()
    assert "The audit trail is not signed" in text
    assert '<input type="hidden" name="instance" value="web-001">' in text
    assert '<button class="link-button" name="format" value="csv">' in text
    assert "Sign now" not in text
