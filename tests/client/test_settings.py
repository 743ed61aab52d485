"""Where the client finds novaweb's address and the token, and what it refuses."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from osc_lib.exceptions import CommandError

from novaweb_client import plugin
from novaweb_client.settings import settings

URL = "https://novaweb.example.org"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("from-file\n")
    file.chmod(0o600)
    return file


def test_an_option_counts_before_the_environment_and_that_before_the_entry(
    tmp_path: Path, token_file: Path
) -> None:
    other = tmp_path / "other"
    other.write_text("from-other")
    entry = {"novaweb": {"url": f"{URL}/entry", "token_file": str(token_file)}}
    environment = {"NOVAWEB_URL": f"{URL}/environment", "NOVAWEB_TOKEN": "from-here"}
    options = {"novaweb_url": f"{URL}/option", "novaweb_token_file": str(other)}

    assert settings(entry, environment) == (f"{URL}/environment", "from-here")
    assert settings({**entry, **options}, environment) == (
        f"{URL}/option",
        "from-other",
    )
    named = {"NOVAWEB_TOKEN_FILE": str(other)}
    assert settings(entry, named) == (f"{URL}/entry", "from-other")


def test_a_token_on_the_command_line_is_refused_and_not_repeated(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = plugin.build_option_parser(argparse.ArgumentParser())

    with pytest.raises(SystemExit):
        parser.parse_args(["--novaweb-token", "c0ffee"])

    said = capsys.readouterr().err
    assert "revoke it" in said
    assert "c0ffee" not in said


@pytest.mark.parametrize(
    "address",
    [
        "http://novaweb.example.org",
        "http://192.0.2.1:8000",
        "http://localhost.example.org",
        "https://rita:secret@novaweb.example.org",
        "novaweb.example.org",
        "ftp://novaweb.example.org",
        "https://",
        "https://[",
        "https://novaweb.example.org:port",
        "https://novaweb.example.org/?to=1",
    ],
)
def test_the_token_is_shown_to_no_unsafe_address(address: str) -> None:
    environment = {"NOVAWEB_URL": address, "NOVAWEB_TOKEN": "secret"}

    with pytest.raises(CommandError) as refused:
        settings({}, environment)

    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://localhost"]
)
def test_this_machine_may_be_asked_in_clear_text(address: str) -> None:
    environment = {"NOVAWEB_URL": address, "NOVAWEB_TOKEN": "secret"}

    assert settings({}, environment).address == address


@pytest.mark.parametrize("text", ["", "\n", "two words", "a\nb", "tökén", "\x00"])
def test_what_is_no_token_is_neither_sent_nor_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text, encoding="utf-8")
    environment = {"NOVAWEB_URL": URL, "NOVAWEB_TOKEN_FILE": str(file)}

    with pytest.raises(CommandError) as refused:
        settings({}, environment)

    assert str(refused.value) == f"{file} holds no token: one word is expected."


def test_what_is_missing_or_double_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="NOVAWEB_URL"):
        settings({}, {})
    with pytest.raises(CommandError, match="API tokens"):
        settings({}, {"NOVAWEB_URL": URL})
    both = {"NOVAWEB_TOKEN": "a", "NOVAWEB_TOKEN_FILE": "b", "NOVAWEB_URL": URL}
    with pytest.raises(CommandError, match="unset one"):
        settings({}, both)
    gone = {"NOVAWEB_URL": URL, "NOVAWEB_TOKEN_FILE": str(tmp_path / "gone")}
    with pytest.raises(CommandError, match="No such file"):
        settings({}, gone)
    with pytest.raises(CommandError, match="url and token_file"):
        settings({"novaweb": {"token": "secret"}}, gone)


def test_a_file_that_everybody_can_read_is_told(
    token_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token_file.chmod(0o644)

    with caplog.at_level("WARNING", logger="novaweb_client.settings"):
        settings({}, {"NOVAWEB_URL": URL, "NOVAWEB_TOKEN_FILE": str(token_file)})

    assert "chmod" in caplog.text
