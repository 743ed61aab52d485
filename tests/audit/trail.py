"""A trail that is signed, its exports, and the stand-alone verifier."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as now_set
from django.utils import timezone

from migrations_app.audit import actions as audit_actions
from migrations_app.audit import export as audit_export
from migrations_app.audit import recorder, signed_file, signing_key

VERIFIER = Path(__file__).resolve().parents[2] / "verifier" / "verify_audit.py"


@pytest.fixture
def keys(tmp_path: Path, settings: Any) -> Path:
    """Signing is set up; the public key is in public.pem of the folder."""
    settings.NOVAWEB_AUDIT_KEY = str(tmp_path / "key.pem")
    settings.NOVAWEB_AUDIT_SIGNED = str(tmp_path / "signed.jsonl")
    public = signing_key.make_key(tmp_path / "key.pem")
    (tmp_path / "public.pem").write_text(public, encoding="ascii")
    return tmp_path


@pytest.fixture
def trail(keys: Path) -> Path:
    """Twelve entries, with a signature after the sixth, the seventh being about it."""
    write(6)
    audit_actions.sign()
    write(6)
    audit_actions.sign()
    return keys


def signatures() -> list[dict[str, Any]]:
    """Every line of the file of signatures, verified."""
    public = signing_key.private_key().public_key()
    return signed_file.lines(Path(now_set.NOVAWEB_AUDIT_SIGNED), public)


def write(count: int) -> None:
    for number in range(count):
        recorder.record(
            "request.asked" if number % 2 else "account.signed_in",
            actor_name="rita" if number % 3 else "=cmd()",
            note=f"“Nummer {number}”,\n'quoted'",
            after={"n": number, "share": number / 2, "text": "ä"},
            about=recorder.CloudObject(source=f"compute-{number}"),
        )


def exported(
    folder: Path, *, narrow: audit_export.Narrow | None = None
) -> audit_export.Export:
    """Write audit.jsonl, audit.csv and audit-proof.jsonl."""
    wanted: audit_export.Narrow = narrow or (lambda found: found)
    made = audit_export.prepare(
        wanted,
        audit_export.measure(wanted),
        filters={"verb": "request.asked"} if narrow else {},
        signed=signatures(),
        now=timezone.now(),
    )
    for name, parts in {
        "audit.jsonl": audit_export.as_lines(made),
        "audit.csv": audit_export.as_csv(made),
        "audit-proof.jsonl": audit_export.as_lines(made, of_csv=True),
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
