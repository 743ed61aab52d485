"""Settings are read as they were written, or the process says what is wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from migrations_app.management import setting_checks
from novaweb.environment import Environment
from tests.web.test_https import given

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct-horse"


def environment(text: str) -> Environment:
    return Environment({"NAME": text})


@pytest.mark.parametrize("text", ["$k0a", "pa$$word", " blanks ", "", "a,b=c"])
def test_a_text_is_taken_as_it_is(text: str) -> None:
    assert environment(text)("NAME", default="another") == text


@pytest.mark.parametrize(
    "written, read",
    [
        (b"secret\n", "secret"),
        (b"secret\r\n", "secret"),
        (b"secret", "secret"),
        (b"$two\nlines\n\n", "$two\nlines\n"),
        (b" blanks \n", " blanks "),
    ],
)
def test_a_file_is_read_without_its_final_newline(
    tmp_path: Path, written: bytes, read: str
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(written)
    assert Environment({"NAME_FILE": str(file)})("NAME") == read


def test_a_secret_key_that_had_a_final_newline_still_reads_what_is_under_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("k" * 50 + "\n", encoding="ascii")
    made = given(
        monkeypatch,
        NOVAWEB_SECRET_KEY_FILE=str(tmp_path / "key"),
        NOVAWEB_SECRET_KEY_FALLBACKS="older",
    )
    assert made["SECRET_KEY"] == "k" * 50
    assert made["SECRET_KEY_FALLBACKS"] == ["older", "k" * 50 + "\n"]


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "secret"
    if content is not None:
        file.write_bytes(content)
    found = Environment({"NAME_FILE": str(file)})
    assert found("NAME", default="x") == "x"
    assert found.wrong[0].startswith(f"NAME: its file {file} cannot be read (")


@pytest.mark.parametrize(
    "text, read",
    [("lab, other", ["lab", "other"]), (" lab ,,other,\n", ["lab", "other"]), ("", [])],
)
def test_a_list_has_no_blanks(text: str, read: list[str]) -> None:
    assert environment(text).list("NAME", default=["x"]) == read


def test_pairs_have_no_blanks() -> None:
    found = environment(" lab = /etc/a , other=/etc/b=c,").dict("NAME")
    assert found == {"lab": "/etc/a", "other": "/etc/b=c"}


@pytest.mark.parametrize("text", ["true", "TRUE", " yes", "on", "1"])
def test_what_is_true_is_true(text: str) -> None:
    assert environment(text).bool("NAME") is True


@pytest.mark.parametrize("text", ["false", "No", "off", "0"])
def test_what_is_false_is_false(text: str) -> None:
    assert environment(text).bool("NAME", default=True) is False


def test_what_is_empty_is_not_set() -> None:
    found = environment(" ")
    assert found.bool("NAME", default=True) is True
    assert found.int("NAME", default=7) == 7
    assert found.float("NAME", default=7.5) == 7.5
    assert found.one_of("NAME", ("a", "b"), default="b") == "b"
    assert found.wrong == []


Read = Callable[[Environment], Any]


@pytest.mark.parametrize(
    "text, read, sentence",
    [
        ("treu", lambda it: it.bool("NAME"), "it is “treu”: write true or false."),
        ("7 days", lambda it: it.int("NAME"), "it is “7 days”: no whole number."),
        ("1.5", lambda it: it.int("NAME"), "it is “1.5”: no whole number."),
        ("-1", lambda it: it.int("NAME"), "it is -1: it must be 0 or more."),
        ("-" + "9" * 400, lambda it: it.int("NAME"), "it must be 0 or more."),
        ("9" * 400, lambda it: it.int("NAME"), "it must be 1000000000 or less."),
        ("9" * 5000, lambda it: it.int("NAME"), "no whole number."),
        (
            "1e9",
            lambda it: it.float("NAME", most=10),
            "it is 1e9: it must be 10 or less.",
        ),
        ("5s", lambda it: it.float("NAME"), "it is “5s”: no number."),
        ("nan", lambda it: it.float("NAME"), "it is “nan”: no number."),
        ("0", lambda it: it.float("NAME", least=0.1), "it must be 0.1 or more."),
        ("/etc/x", lambda it: it.dict("NAME"), "“/etc/x” is not NAME=PATH."),
        ("a=", lambda it: it.dict("NAME"), "“a=” is not NAME=PATH."),
        ("loud", lambda it: it.one_of("NAME", ("a", "b"), "a"), "write a or b."),
        ("Mars/Olympus", lambda it: it.zone("NAME", "UTC"), "no time zone."),
        ("../etc", lambda it: it.zone("NAME", "UTC"), "no time zone."),
    ],
)
def test_what_is_wrong_is_told_and_another_value_stands_in(
    text: str, read: Read, sentence: str
) -> None:
    found = environment(text)
    read(found)
    (said,) = found.wrong
    assert said.startswith("NAME: ")
    assert sentence.removesuffix(".") in said


@pytest.mark.parametrize(
    "text",
    [
        f"postgres//user:{PASSWORD}@host/name",
        f"host user={PASSWORD}",
        f"mysql://user:{PASSWORD}@host/name",
        f"postgres://user:{PASSWORD}@host:port/name",
        f"postgres://user:{PASSWORD}@host",
        f" postgres://user:{PASSWORD}@host/name",
        f"postgres://user:{PASSWORD}@[::1/name",
        "/var/lib/novaweb.sqlite3",
    ],
)
def test_a_database_that_is_none_is_told_without_its_password(text: str) -> None:
    found = environment(text)
    assert found.db_url("NAME", default="sqlite:////srv/x")["NAME"] == "/srv/x"
    assert "write postgres://USER:PASSWORD@HOST/NAME" in found.wrong[0]
    assert PASSWORD not in found.wrong[0]


def test_a_database_is_read() -> None:
    found = environment(f"postgres://user:{PASSWORD}@host:5433/name?sslmode=require")
    read = found.db_url("NAME", default="sqlite:////srv/x")
    assert (read["HOST"], read["PORT"], read["NAME"]) == ("host", 5433, "name")
    assert found.wrong == []


def test_a_process_with_wrong_settings_says_all_of_them_and_does_not_start() -> None:
    given = {
        **os.environ,
        "NOVAWEB_HTTPS": "treu",
        "NOVAWEB_TICK": "nan",
        # for ever is 0: there is no date so long ago
        "NOVAWEB_KEEP_LOGS_DAYS": "999999",
        "DJANGO_SETTINGS_MODULE": "novaweb.settings",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=given,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "novaweb does not start:",
        "NOVAWEB_KEEP_LOGS_DAYS: it is 999999: it must be 36500 or less.",
        "NOVAWEB_TICK: it is “nan”: no number.",
        "NOVAWEB_HTTPS: it is “treu”: write true or false.",
    ]


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:6379",
        f"redis//:{PASSWORD}@host",
        f"http://:{PASSWORD}@host:6379/0",
        f"redis://:{PASSWORD}@host:port/0",
        f"redis://:{PASSWORD}@host/novaweb",
        f"redis://:{PASSWORD}@host/0?timeout=5",
        f"redis://:{PASSWORD}@host/0?socket_timeout=long",
        f"rediss://:{PASSWORD}@host/0?ssl_cert_reqs=maybe",
        f"redis://:{PASSWORD}@host/0 ",
        f"redis://:{PASSWORD}@/0",
        "unix://",
        "",
    ],
)
def test_an_address_of_redis_that_is_none_is_told_without_its_password(
    settings: Any, url: str
) -> None:
    settings.NOVAWEB_REDIS_URL = url
    (found,) = setting_checks.redis_can_be_asked()
    assert found.id == "novaweb.E050"
    assert PASSWORD not in f"{found.msg} {found.hint}"


@pytest.mark.parametrize(
    "url",
    [
        "redis://127.0.0.1:6379/0",
        "redis://user:pa%24%24@[::1]",
        "rediss://:p@host:6380/1?ssl_ca_certs=/etc/ca.pem",
        "redis://host/0?socket_timeout=5&health_check_interval=30",
        "unix:///run/novaweb/valkey.sock?db=1",
    ],
)
def test_an_address_of_redis_is_taken(settings: Any, url: str) -> None:
    settings.NOVAWEB_REDIS_URL = url
    assert setting_checks.redis_can_be_asked() == []


@pytest.mark.parametrize(
    "clouds, count",
    [(["lab", "other"], 0), (["lab other"], 1), (["lab", "lab"], 1), (["a" * 101], 1)],
)
def test_names_of_clouds_are_names(
    settings: Any, clouds: list[str], count: int
) -> None:
    settings.NOVAWEB_CLOUDS = clouds
    found = setting_checks.clouds_have_names()
    assert [each.id for each in found] == ["novaweb.E051"] * count


def test_a_variable_that_nothing_reads_is_told_with_the_one_that_is_meant() -> None:
    given = ["NOVAWEB_CLOUD", "NOVAWEB_LAB_NAME", "NOVAWEB_CLOUDS_FILE", "PATH"]
    known = ["NOVAWEB_CLOUDS", "NOVAWEB_SSH"]
    assert list(setting_checks.unknown(given, known)) == [
        ("NOVAWEB_CLOUD", ["NOVAWEB_CLOUDS"])
    ]
