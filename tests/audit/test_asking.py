"""The proof on pages and in the API: verify a part, sign, export."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient, Client
from django.utils import timezone

from migrations_app.audit import actions as audit_actions
from migrations_app.audit import recorder, signing
from migrations_app.models import AuditEntry, AuditHead
from tests.audit.trail import KEY, WAYS, keys, stand_alone
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
    asked = f"instance=web-1&until_entry={AuditHead.objects.get().entry}"
    files = {"jsonl": "audit.jsonl", "csv": "audit.csv", "proof": "audit-proof.jsonl"}
    for how, name in files.items():
        answer = browser.get(f"{root}?format={how}&{asked}")
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
    (tmp_path / "audit.jsonl").write_bytes(body(browser.get("/audit/export/")))
    key = tmp_path / "key.pem"
    (tmp_path / "public.pem").write_text(signing.make_key(key), encoding="ascii")
    status, said = stand_alone(tmp_path, *KEY, "audit.jsonl")
    assert (status, "No signature covers" in said) == (1, True)
    status, said = stand_alone(tmp_path, "--no-key", "audit.jsonl")
    assert (status, "No signature was looked at" in said) == (0, True)


def test_an_export_that_makes_no_sense_is_refused(browser: Client) -> None:
    for query in ("format=xml", "until_entry=-1", "since=yesterday"):
        assert browser.get(f"/audit/export/?{query}").status_code == 422
        assert browser.get(f"/api/audit/export/?{query}").status_code == 400
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
        answer: Any = await browser.get("/audit/export/")
        assert isinstance(answer, StreamingHttpResponse) and answer.is_async
        chunks = [chunk async for chunk in answer]
        # those of the thread that wrote it
        await sync_to_async(connections.close_all)()
        return chunks

    lines = b"".join(asyncio.run(ask())).splitlines()
    assert sum(b'"entry":{' in line for line in lines) == 4  # and who signed in


def test_it_is_signed_on_demand(browser: Client, keys: Path) -> None:
    before = audit_entry()
    answer = browser.post("/api/audit/sign/", {}, "application/json")
    assert answer.status_code == 200
    assert answer.json()["entry"] == before.pk + 1
    assert AuditEntry.objects.get(verb="audit.signed").actor_name == "ada"
    assert browser.post("/audit/sign/").status_code == 302
    assert len(signing.signatures()) == 2


def test_it_is_signed_daily(keys: Path) -> None:
    audit_entry()
    now = timezone.now()
    assert signing.is_due(now)
    assert audit_actions.sign_due(now)
    assert not signing.is_due(now + signing.EVERY / 2)
    assert not audit_actions.sign_due(now + signing.EVERY / 2)
    assert audit_actions.sign_due(now + signing.EVERY * 1.1)
    assert len(signing.signatures()) == 2


def test_what_is_wrong_with_the_signatures_is_said(keys: Path, browser: Client) -> None:
    now = timezone.now()
    assert signing.standing(now).state == "missing"
    audit_actions.sign()
    assert signing.standing(now).state == "ok"
    assert signing.standing(now + signing.OLDEST * 1.1).state == "old"
    assert "was last signed" not in browser.get("/").content.decode()
    text = (keys / "signed.jsonl").read_text(encoding="utf-8")
    (keys / "signed.jsonl").write_text(text.replace('"entry": 2', '"entry": 3'))
    assert "no good signature" in signing.standing(now).sentence
    assert "no good signature" in browser.get("/").content.decode()
    (keys / "signed.jsonl").write_text("{}\n", encoding="utf-8")
    assert "cannot be read" in signing.standing(now).sentence
    (keys / "signed.jsonl").write_text(text, encoding="utf-8")
    (keys / "key.pem").unlink()
    signing.make_key(keys / "key.pem")
    assert "another key" in signing.standing(now).sentence


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


def test_an_old_signature_fails_the_verification(keys: Path, settings: Any) -> None:
    signing.sign(timezone.now() - signing.OLDEST * 2)
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
    assert "format=csv&amp;until_entry=" in text
    assert "&amp;instance=web-001" in text
    assert "Sign now" not in text
