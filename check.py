"""``make check``: every question that can be asked of the code without running it.

All of them are asked, so that one run shows all that is wrong; the exit status is 0
only if each answered well.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
PYTHON = str(ROOT / ".venv" / "bin" / "python")
DJADE = [str(ROOT / ".venv" / "bin" / "djade"), "--target-version", "5.2", "--check"]

# `check --deploy` judges what a production machine would be given.
AS_IN_PRODUCTION = {
    "NOVAWEB_SECRET_KEY": "only-for-this-check-" + "0123456789abcdef" * 4,
    "NOVAWEB_HTTPS": "true",
    "NOVAWEB_ALLOWED_HOSTS": "novaweb.example.org",
    "NOVAWEB_CLOUDS": "example",
    "NOVAWEB_URL": "https://novaweb.example",
    "NOVAWEB_AUDIT_KEY": "/etc/novaweb/audit.pem",
    "NOVAWEB_AUDIT_SIGNED": "/var/lib/novaweb-signed/signed.jsonl",
}
AT_HOME = {"NOVAWEB_DEBUG": "true"}

Question = tuple[str, list[str], dict[str, str]]


def questions() -> list[Question]:
    templates = sorted(str(path) for path in (ROOT / "templates").rglob("*.html"))
    manage = [PYTHON, "manage.py"]
    deploy = ["check", "--deploy", "--fail-level", "WARNING"]
    return [
        ("form", [PYTHON, "-m", "ruff", "format", "--check", "."], {}),
        ("lint", [PYTHON, "-m", "ruff", "check", "."], {}),
        ("templates", [*DJADE, *templates], {}),
        ("imports", [str(ROOT / ".venv" / "bin" / "lint-imports")], {}),
        ("packages", [PYTHON, "-m", "pip", "check"], {}),
        ("settings", [*manage, "check"], AT_HOME),
        ("settings in production", [*manage, *deploy], AS_IN_PRODUCTION),
        ("migrations", [*manage, "makemigrations", "--check", "--dry-run"], AT_HOME),
        ("types", [PYTHON, "-m", "mypy"], AT_HOME),
    ]


def main() -> int:
    failed = []
    for name, command, environment in questions():
        started = time.monotonic()
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        took = time.monotonic() - started
        verdict = "ok" if done.returncode == 0 else "NOT OK"
        print(f"{name:24} {verdict:8} {took:5.1f} s", flush=True)
        if done.returncode != 0:
            failed.append(name)
            print(done.stdout.rstrip(), flush=True)
    if failed:
        print(f"Not in order: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
