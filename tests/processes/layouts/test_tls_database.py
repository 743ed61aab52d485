"""A database of Nova that takes nobody without TLS, entered by the limited account."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrations_app.errors import Refused
from migrations_app.integrations.adapters.nova_database import MySqlNovaDb
from migrations_app.integrations.adapters.nova_database.transaction import Session
from migrations_app.preflight.finding import Severity
from migrations_app.requests import actions as request_actions
from tests.integrations.adapters.mariadb import make_certificate
from tests.integrations.adapters.wire import Wire, wire
from tests.processes.field import Field
from tests.processes.layouts.moves import Kept
from tests.processes.site import person

LAYOUT = "tls-database"
pytestmark = [pytest.mark.layout, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def given(lab: dict[str, Any]) -> str:
    """The option file that leads to the database."""
    return Path(lab["nova_db_options"]).read_text(encoding="utf-8")


@pytest.fixture
def elsewhere(lab: dict[str, Any]) -> Iterator[Wire]:
    """Another address that leads to the same database."""
    with wire(lab["mysql"]["port"], host=lab["mysql"]["host"]) as laid:
        yield laid


def test_a_manual_move_brings_a_guest_over(kept: Kept, it: Field) -> None:
    kept.move_manually(it)


def test_what_it_asks_is_encrypted(lab: dict[str, Any]) -> None:
    with Session(Path(lab["nova_db_options"])) as entered:
        ((_, version),) = entered.ask("SHOW STATUS LIKE 'Ssl_version'")
    assert version in {"TLSv1.2", "TLSv1.3"}


@pytest.mark.parametrize("how", ["nothing", "authority", "name"])
def test_it_asks_nothing_of_a_database_that_it_cannot_trust(
    how: str, given: str, lab: dict[str, Any], elsewhere: Wire, tmp_path: Path
) -> None:
    address, ca = f"host = {lab['mysql']['host']}", f"ssl-ca = {lab['database_ca']}"
    port = f"port = {lab['mysql']['port']}"
    assert address in given and ca in given and port in given
    if how == "nothing":
        text, sentence = f"{given}skip-ssl\n", "check user, password and TLS in"
    elif how == "authority":
        other = make_certificate(tmp_path)
        text = given.replace(ca, f"ssl-ca = {other}")
        sentence = r"not trusted \(.*\): nothing was asked. Correct host or ssl-ca in"
    else:
        text = given.replace(address, "host = 127.0.0.1")
        text = text.replace(port, f"port = {elsewhere.port}")
        sentence = "certificate is not valid for '127.0.0.1'"
    options = tmp_path / "other.cnf"
    options.write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match=sentence):
        MySqlNovaDb(options).place_of("compute-40")


def test_pre_flight_says_why_a_manual_move_cannot_be(
    kept: Kept, it: Field, given: str, tmp_path: Path, lab: dict[str, Any]
) -> None:
    options = Path(it.site.environment["NOVAWEB_NOVA_DB"].removeprefix("lab="))
    other = make_certificate(tmp_path)
    options.write_text(given.replace(lab["database_ca"], str(other)), encoding="utf-8")
    advice = request_actions.preflight(
        by=person("requester"),
        instance=kept.server,
        procedure="manual",
        target=kept.elsewhere,
        cloud="lab",
    )
    (option,) = advice.options
    (found,) = (f for f in option.findings if f.severity is Severity.BLOCKS)
    assert found.rule == "manual.row"
    assert "shows a certificate that is not trusted" in found.evidence["why"]
