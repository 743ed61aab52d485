"""Nova's database on two nodes of Galera: Nova uses the first, novaweb the second."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from migrations_app.integrations.adapters.nova_database.transaction import Session
from tests.processes.field import Field, expect_completed
from tests.processes.layouts.moves import Kept
from tests.processes.site import run_of, until

LAYOUT = "galera"
pytestmark = [pytest.mark.layout, pytest.mark.django_db(transaction=True)]


def of_the_group(options: Path, what: str) -> str:
    with Session(options) as entered:
        ((_, value),) = entered.ask("SHOW STATUS LIKE %s", f"wsrep_{what}")
    return str(value)


def test_a_manual_move_brings_a_guest_over(
    kept: Kept, it: Field, lab: dict[str, Any]
) -> None:
    options = Path(lab["nova_db_options"])
    assert f"port = {lab['mysql']['port']}\n" not in options.read_text()
    assert of_the_group(options, "cluster_size") == "2"
    kept.move_manually(it)


def test_a_move_goes_on_by_the_other_node_when_that_of_novaweb_has_died(
    kept: Kept, it: Field, lab: dict[str, Any]
) -> None:
    options = Path(it.site.environment["NOVAWEB_NOVA_DB"].removeprefix("lab="))
    pid = int((Path(lab["run_dir"]) / "mariadb-2.pid").read_text().split()[0])
    source, target = it.host, kept.elsewhere
    last = it.on.ticks(it.server)[-1]
    it.site.work()
    request = it.move(target)
    run = run_of(request)
    os.kill(pid, signal.SIGKILL)

    def troubled() -> bool:
        run.refresh_from_db()
        return "does not answer, or hung up" in run.why

    until(troubled, "the run to say that the database does not answer")
    text = options.read_text()
    port = f"port = {lab['mysql']['port']}"
    options.write_text(re.sub(r"^port = \d+$", port, text, flags=re.MULTILINE))
    expect_completed(request)
    it.expect_there(target, request, "ACTIVE", aside=source)
    assert it.on.later(it.server, last).boot == last.boot + 1
    assert of_the_group(options, "cluster_size") == "1"
