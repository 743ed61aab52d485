"""Whatever is done to the trail behind novaweb's back is found, here and outside.

Somebody who can do all in the database (the triggers are lifted) changes it. They have
neither the key nor the file of signed digests. Then ``verify_audit`` looks, and so does
the stand-alone verifier at an export made afterwards.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from migrations_app import attest, audit
from migrations_app.models import AuditEntry, AuditHead
from migrations_app.proof import export, form, signing
from migrations_app.proof.triggers import ENTRIES, HEAD
from migrations_app.proof.verify import verify_all, verify_segment
from tests.emptying import lifted

pytestmark = pytest.mark.django_db(transaction=True)
VERIFIER = Path(__file__).resolve().parents[2] / "verifier" / "verify_audit.py"


@pytest.fixture
def keys(tmp_path: Path, settings: Any) -> Path:
    """Signing is set up; the public key is in public.pem of the folder."""
    settings.NOVAWEB_AUDIT_KEY = str(tmp_path / "key.pem")
    settings.NOVAWEB_AUDIT_SIGNED = str(tmp_path / "signed.jsonl")
    public = signing.make_key(tmp_path / "key.pem")
    (tmp_path / "public.pem").write_text(public, encoding="ascii")
    return tmp_path


@pytest.fixture
def trail(keys: Path) -> Path:
    """Twelve entries, with a signature after the sixth, the seventh being about it."""
    write(6)
    attest.sign()
    write(6)
    attest.sign()
    return keys


def write(count: int) -> None:
    for number in range(count):
        audit.record(
            "request.asked" if number % 2 else "account.signed_in",
            actor_name="rita" if number % 3 else "=cmd()",
            note=f"“Nummer {number}”,\n'quoted'",
            after={"n": number, "share": number / 2, "text": "ä"},
            source=f"compute-{number}",
        )


def sql(*statements: str) -> None:
    with lifted(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def rechain(since: int) -> None:
    """Make all digests anew from that entry on, and the head as well."""
    before = AuditEntry.objects.filter(pk__lt=since).order_by("-pk").first()
    previous = before.digest if before else form.GENESIS
    with lifted():
        last = None
        for last in AuditEntry.objects.filter(pk__gte=since).order_by("pk"):
            found = form.digest(previous, form.content(form.fields_of(last)))
            AuditEntry.objects.filter(pk=last.pk).update(
                previous=previous, digest=found
            )
            previous = found
        count, entry = AuditEntry.objects.count(), last.pk if last else since - 1
        AuditHead.objects.update(count=count, entry=entry, digest=previous)


def change(number: int) -> None:
    sql(f"UPDATE {ENTRIES} SET note = 'nothing' WHERE id = {number}")  # noqa: S608


def change_and_rehash() -> None:
    change(5)
    entry = AuditEntry.objects.get(pk=5)
    own = form.digest(entry.previous, form.content(form.fields_of(entry)))
    sql(f"UPDATE {ENTRIES} SET digest = '{own}' WHERE id = 5")  # noqa: S608


def delete() -> None:
    sql(f"DELETE FROM {ENTRIES} WHERE id = 5")  # noqa: S608


def cut() -> None:
    sql(f"DELETE FROM {ENTRIES} WHERE id > 9")  # noqa: S608


def cut_with_the_head() -> None:
    cut()
    digest = AuditEntry.objects.get(pk=9).digest
    sql(f"UPDATE {HEAD} SET count = 9, entry = 9, digest = '{digest}'")  # noqa: S608


def write_anew() -> None:
    change(9)
    rechain(9)


def swap() -> None:
    """Two entries trade places: all but their numbers."""
    sql(
        f"UPDATE {ENTRIES} SET id = 1000 WHERE id = 4",  # noqa: S608
        f"UPDATE {ENTRIES} SET id = 4 WHERE id = 5",  # noqa: S608
        f"UPDATE {ENTRIES} SET id = 5 WHERE id = 1000",  # noqa: S608
    )


def break_the_facts() -> None:
    if connection.vendor == "postgresql":
        sql(f"UPDATE {ENTRIES} SET after = '[]' WHERE id = 5")  # noqa: S608
        return
    sql(
        "PRAGMA ignore_check_constraints = ON",
        f"UPDATE {ENTRIES} SET after = '{{' WHERE id = 5",  # noqa: S608
        "PRAGMA ignore_check_constraints = OFF",
    )


def add_behind_the_head() -> None:
    entry = AuditEntry.objects.get(pk=5)
    entry.pk = 99
    with lifted():
        entry.save(force_insert=True)


# What is done, what it is called and which entry is named as the first bad one: by the
# live verification, and by the stand-alone verifier of an export made afterwards.
DEEDS: list[tuple[Callable[[], None], tuple[str, int], tuple[str, int]]] = [
    (lambda: change(5), ("changed", 5), ("changed", 5)),
    (lambda: change(1), ("changed", 1), ("changed", 1)),
    (lambda: change(14), ("changed", 14), ("changed", 14)),
    (change_and_rehash, ("changed", 5), ("changed", 5)),
    (delete, ("missing", 5), ("missing", 5)),
    (cut, ("cut", 10), ("cut", 10)),
    (cut_with_the_head, ("cut", 10), ("cut", 10)),
    (write_anew, ("rewritten", 8), ("rewritten", 8)),
    (swap, ("changed", 4), ("changed", 4)),
    (break_the_facts, ("changed", 5), ("changed", 5)),
]
NAMES = [
    *("changed row", "changed first", "changed last", "changed and rehashed"),
    *("deleted row", "cut tail", "cut tail and head", "chain written anew"),
    *("swapped rows", "broken facts"),
]


def exported(folder: Path, *, narrow: export.Narrow | None = None) -> export.Export:
    """Write audit.jsonl, audit.csv and audit-proof.jsonl."""
    wanted: export.Narrow = narrow or (lambda found: found)
    made = export.prepare(
        wanted,
        export.measure(wanted),
        filters={"verb": "request.asked"} if narrow else {},
        signed=signing.signatures(),
        now=timezone.now(),
    )
    for name, parts in {
        "audit.jsonl": export.as_lines(made),
        "audit.csv": export.as_csv(made),
        "audit-proof.jsonl": export.as_lines(made, of_csv=True),
    }.items():
        text = "".join(parts).encode()
        (folder / name).write_bytes(text)
    return made


def stand_alone(folder: Path, *words: str) -> tuple[int, str]:
    """Run the verifier with no more than Python and cryptography to import."""
    done = subprocess.run(
        [sys.executable, "-I", str(VERIFIER), *words],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


KEY = ("--key", "public.pem")
WAYS = {
    "jsonl": (*KEY, "audit.jsonl"),
    "csv": (*KEY, "--proof", "audit-proof.jsonl", "audit.csv"),
}


def requests_only(rows: Any) -> Any:
    return rows.filter(verb="request.asked")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("narrow", [None, requests_only], ids=["all", "some"])
def test_a_trail_as_it_was_written_is_verified(
    trail: Path, way: str, narrow: export.Narrow | None
) -> None:
    verdict = verify_all(timezone.now())
    assert (verdict.good, verdict.count) == (True, 14)
    assert verdict.proven is not None and verdict.proven.entry == 14
    assert verify_segment(range(1, 15)).good
    made = exported(trail, narrow=narrow)
    assert made.count == (6 if narrow else 14)
    status, said = stand_alone(trail, *WAYS[way])
    assert status == 0, said
    assert f"{made.count} entries are as they were written" in said
    assert "up to entry 14" in said


@pytest.mark.parametrize("deed, here, outside", DEEDS, ids=NAMES)
def test_it_is_found(
    trail: Path,
    deed: Callable[[], None],
    here: tuple[str, int],
    outside: tuple[str, int],
) -> None:
    deed()
    verdict = verify_all(timezone.now())
    assert verdict.bad is not None
    assert (verdict.bad.kind, verdict.bad.entry) == here
    said = io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("verify_audit", stdout=said)
    assert end.value.code == 1
    assert f"First bad entry: {here[1]}\n" in said.getvalue()
    exported(trail)
    for way in WAYS.values():
        status, told = stand_alone(trail, *way)
        assert status == 1, told
        assert f"NOT VERIFIED ({outside[0]})" in told
        assert f"First bad entry: {outside[1]}\n" in told


@pytest.mark.parametrize("deed, here, outside", DEEDS[:3], ids=NAMES[:3])
def test_what_is_left_out_of_an_export_is_proven_too(
    trail: Path, deed: Callable[[], None], here: Any, outside: Any
) -> None:
    deed()
    exported(trail, narrow=lambda rows: rows.exclude(pk=here[1]))
    status, said = stand_alone(trail, *WAYS["jsonl"])
    assert status == 1, said


def test_an_entry_behind_the_head_is_found(trail: Path) -> None:
    add_behind_the_head()
    verdict = verify_all(timezone.now())
    assert verdict.bad is not None
    assert (verdict.bad.kind, verdict.bad.entry) == ("order", 15)


@pytest.mark.parametrize("deed, here, outside", DEEDS[:5], ids=NAMES[:5])
def test_the_page_that_shows_it_says_so(
    trail: Path, deed: Callable[[], None], here: tuple[str, int], outside: Any
) -> None:
    deed()
    verdict = verify_segment([here[1]])
    assert verdict.bad is not None
    assert (verdict.bad.kind, verdict.bad.entry) == here


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def entry_lines(lines: list[str]) -> list[int]:
    return [i for i, line in enumerate(lines) if "entry" in json.loads(line)]


def swap_lines(lines: list[str]) -> None:
    third, fourth = entry_lines(lines)[2:4]
    lines[third], lines[fourth] = lines[fourth], lines[third]


def drop_line(lines: list[str]) -> None:
    del lines[entry_lines(lines)[3]]


def cut_lines(lines: list[str]) -> None:
    del lines[entry_lines(lines)[9] :]


def cut_lines_and_end_well(lines: list[str]) -> None:
    """Before the last signature, with an end that fits."""
    keep = entry_lines(lines)[9]
    last = json.loads(lines[keep])
    del lines[keep + 1 :]
    end = {"count": 10, "entry": 10, "digest": last["digest"], "given": 10}
    lines.append(json.dumps({"end": end}) + "\n")


def forge_the_signature(lines: list[str]) -> None:
    for number, line in enumerate(lines):
        if "signature" in (facts := json.loads(line)):
            facts["signature"]["at"] = "2030-01-01T00:00:00.000000Z"
            lines[number] = json.dumps(facts) + "\n"


@pytest.mark.parametrize(
    "deed, kind, entry",
    [
        (swap_lines, "missing", 3),
        (drop_line, "missing", 4),
        (cut_lines, "cut", 10),
        (cut_lines_and_end_well, "cut", 8),
        (forge_the_signature, "signature", 7),
    ],
)
def test_an_export_that_was_changed_is_found(
    trail: Path, deed: Callable[[list[str]], None], kind: str, entry: int
) -> None:
    exported(trail)
    lines = lines_of(trail / "audit.jsonl")
    deed(lines)
    (trail / "audit.jsonl").write_text("".join(lines), encoding="utf-8")
    status, said = stand_alone(trail, *WAYS["jsonl"])
    assert status == 1, said
    assert f"NOT VERIFIED ({kind})" in said
    assert f"First bad entry: {entry}\n" in said


def test_swapped_and_missing_rows_of_a_csv_are_found(trail: Path) -> None:
    exported(trail)
    whole = (trail / "audit.csv").read_bytes().split(b"\r\n")
    for rows in (
        [*whole[:3], whole[4], whole[3], *whole[5:]],
        [*whole[:3], *whole[4:]],
    ):
        (trail / "audit.csv").write_bytes(b"\r\n".join(rows))
        status, said = stand_alone(trail, *WAYS["csv"])
        assert status == 1, said
        assert "First bad entry: 3\n" in said


def test_an_older_export_is_found_by_the_signed_digests(trail: Path) -> None:
    exported(trail)
    write(1)
    attest.sign()
    assert stand_alone(trail, *WAYS["jsonl"])[0] == 0
    status, said = stand_alone(trail, "--signed", "signed.jsonl", *WAYS["jsonl"])
    assert status == 1
    assert "First bad entry: 15\n" in said


def test_a_spreadsheet_sees_no_formula(trail: Path) -> None:
    exported(trail)
    text = (trail / "audit.csv").read_text(encoding="utf-8")
    assert "'=cmd()" in text
    assert ",=" not in text


def test_the_verifier_says_what_it_cannot_read(trail: Path) -> None:
    for words in (
        (*KEY, "nowhere.jsonl"),
        (*KEY, "public.pem"),
        ("--key", "signed.jsonl", "audit.jsonl"),
    ):
        status, said = stand_alone(trail, *words)
        assert status in (1, 2), said
        assert "Traceback" not in said
