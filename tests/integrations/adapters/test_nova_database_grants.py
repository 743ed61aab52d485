"""What the account in Nova's database may beyond its need is told, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrations_app.errors import Unreachable
from migrations_app.integrations.adapters.nova_database import grants, rights_beyond
from tests.integrations.adapters.mariadb import ACCOUNT, MariaDb, statements

USAGE = "GRANT USAGE ON *.* TO `novaweb`@`%` IDENTIFIED BY PASSWORD '*9F' REQUIRE SSL"
# As MariaDB 10.11 and MySQL 8 write it.
FIT = (
    USAGE,
    "GRANT SELECT (`uuid`, `host`), UPDATE (`host`, `node`), REFERENCES ON"
    " `nova`.`instances` TO `novaweb`@`%`",
    "GRANT SELECT (`instance_uuid`), DELETE ON `nova`.`console_auth_tokens` TO"
    " `novaweb`@`%`",
)


def test_the_need_is_what_the_file_of_sql_gives() -> None:
    found = {}
    for statement in statements(ACCOUNT):
        if (given := grants.read(statement)) is not None:
            found[given[0].removeprefix("nova.")] = given[1]
    assert found == grants.NEEDED


def test_what_is_needed_is_not_told() -> None:
    assert grants.beyond(FIT, database="nova") == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("GRANT ALL PRIVILEGES ON *.* TO `a`@`%`", "ALL PRIVILEGES on *.*"),
        ("GRANT SELECT, FILE ON *.* TO `a`@`%`", "FILE on *.*"),
        ("GRANT SELECT ON `nova`.* TO `a`@`%`", "SELECT on nova.*"),
        ("GRANT SELECT ON `nova`.`instances` TO `a`@`%`",
         "SELECT (all columns) on nova.instances"),
        ("GRANT SELECT (`uuid`, `user_data`) ON `nova`.`instances` TO `a`@`%`",
         "SELECT (user_data) on nova.instances"),
        ("GRANT UPDATE (`uuid`) ON `nova`.`instances` TO `a`@`%`",
         "UPDATE (uuid) on nova.instances"),
        ("GRANT DELETE ON `nova`.`instances` TO `a`@`%`", "DELETE on nova.instances"),
        ("GRANT SELECT (`id`) ON `keystone`.`user` TO `a`@`%`",
         "SELECT (id) on keystone.user"),
        ("GRANT EXECUTE ON PROCEDURE `nova`.`p` TO `a`@`%`", "EXECUTE on PROCEDURE"),
        ("GRANT DELETE ON `nova`.`console_auth_tokens` TO `a`@`%` WITH GRANT OPTION",
         "to grant what it has on nova.console_auth_tokens"),
        ("GRANT `admin`@`%` TO `a`@`%`", "a role: GRANT `admin`@`%`"),
        ("GRANT PROXY ON ''@'%' TO 'a'@'%'", "PROXY on"),
    ],
)  # fmt: skip
def test_what_is_more_is_told(statement: str, told: str) -> None:
    found = grants.beyond([*FIT, statement], database="nova")
    assert any(text.startswith(told) for text in found), found


def test_no_hash_of_a_password_is_told() -> None:
    odd = "GRANT `a role` TO `a` IDENTIFIED BY PASSWORD '*9F'"
    assert "9F" not in str(grants.beyond([USAGE, odd], database="nova"))


@pytest.mark.xdist_group("nova_db")
def test_a_real_account_is_told_of_by_its_database(
    nova: MariaDb, options: Path
) -> None:
    assert rights_beyond(options) == []
    nova.run("GRANT SELECT ON nova.instances TO 'novaweb'@'%'")
    assert rights_beyond(options) == ["SELECT (all columns) on nova.instances"]


def test_of_a_database_that_is_down_nothing_is_known(tmp_path: Path) -> None:
    path = tmp_path / "nova-db.cnf"
    path.write_text("[client]\nhost = 127.0.0.1\nport = 1\nuser = novaweb\n")
    with pytest.raises(Unreachable):
        rights_beyond(path)
