"""A database is dumped while a run is under way, and restored beside the old one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from migrations_app.audit import actions as audit_actions
from migrations_app.models import Run
from migrations_app.models.states import RunState
from tests.audit.trail import keys as keys
from tests.postgresql import ACCOUNT, PostgreSQL, program
from tests.stage import Stage
from tests.upgrades import old_site


def dumped(postgresql: PostgreSQL, database: str, file: Path) -> Path:
    """Return a dump of the database as it is now, while others go on."""
    at = ["--host=127.0.0.1", f"--port={postgresql.port}", f"--username={ACCOUNT}"]
    words = [program("pg_dump"), *at, "--format=custom", f"--file={file}", database]
    subprocess.run(words, check=True)
    return file


@contextmanager
def restored(postgresql: PostgreSQL, dump: Path) -> Iterator[Run]:
    """Have a database made of the dump in the place of the tests' own."""
    name = dump.stem
    url = postgresql.create(name, template="template0")
    at = ["--host=127.0.0.1", f"--port={postgresql.port}", f"--username={ACCOUNT}"]
    words = [program("pg_restore"), *at, "--no-owner", "--exit-on-error"]
    subprocess.run([*words, f"--dbname={name}", str(dump)], check=True)
    with old_site.database(url):
        yield Run.objects.get()


def test_a_restored_site_asks_nova_for_nothing_twice(
    postgresql: PostgreSQL,
    django_db_blocker: Any,
    keys: Path,
    settings: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    url = postgresql.create("site", template=postgresql.migrated())
    with django_db_blocker.unblock():
        with old_site.database(url):
            stage = Stage()
            run = stage.start("live")
            audit_actions.sign()
            before = dumped(postgresql, "site", keys / "before.dump")
            while not stage.asked("live-migration"):
                stage.walk(run)
                stage.later(seconds=1)
            under_way = dumped(postgresql, "site", keys / "under_way.dump")
            assert stage.play(run).state == RunState.COMPLETED
            last = audit_actions.sign()
            call_command("verify_audit")
        with restored(postgresql, under_way) as run:
            assert stage.play(run).state == RunState.COMPLETED
        with restored(postgresql, before) as run:
            with pytest.raises(SystemExit):
                call_command("verify_audit")
            said = capsys.readouterr().out
            assert f"entry {last.entry} was signed" in said
            assert "If the database was restored from a backup" in said
            settings.NOVAWEB_AUDIT_SIGNED = str(keys / "after-the-restore.jsonl")
            audit_actions.sign()
            call_command("verify_audit")
            assert "Verified: " in capsys.readouterr().out
            run = stage.play(run)
            assert run.state == RunState.HELD
            assert "restored from a backup" in run.why
    assert stage.asked("live-migration") == ["live-migration"]
    assert stage.host == stage.target
