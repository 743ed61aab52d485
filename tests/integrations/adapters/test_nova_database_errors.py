"""What an error of Nova's database, its proxy or the way there means."""

from __future__ import annotations

import pymysql
import pytest

from migrations_app.errors import Conflict, Refused, Unreachable, WorldError
from migrations_app.integrations.adapters.nova_database import (
    errors as nova_database_errors,
)


def verdict(code: int) -> WorldError:
    error = pymysql.OperationalError(code, "The server said so.")
    return nova_database_errors.verdict(error, "db:3306", "novaweb", "/etc/x.cnf")


@pytest.mark.parametrize("code", [1152, 1158, 1160, 1184, 1927, 4031, 2006, 2013])
def test_a_connection_that_broke_off_is_tried_again(code: int) -> None:
    assert type(verdict(code)) is Unreachable


@pytest.mark.parametrize(
    "code", [1040, 1047, 1053, 1129, 1203, 1226, 1317, 1969, 3024, 9001]
)
def test_a_server_or_its_proxy_that_takes_nobody_now_is_tried_again(code: int) -> None:
    assert type(verdict(code)) is Unreachable


@pytest.mark.parametrize("code", [1020, 1205, 1213, 3101])
def test_a_change_that_another_one_came_before_is_a_conflict(code: int) -> None:
    assert type(verdict(code)) is Conflict


@pytest.mark.parametrize("code", [1251, 2059, 2061])
def test_a_sign_in_that_we_cannot_do_is_no_server_that_does_not_answer(
    code: int,
) -> None:
    error = verdict(code)
    assert type(error) is Refused
    assert "sign in by a method that novaweb does not know" in error.sentence
