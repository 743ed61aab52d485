"""An option file is read as MariaDB's own clients read it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from migrations_app.errors import Refused
from migrations_app.integrations.adapters.nova_database import option_file

# As my_print_defaults of MariaDB 10.11.19 says.
VALUES = {
    "abc # the database's": "abc",
    "x#y": "x",
    "'x#y'": "x#y",
    '"q # z"  # and so on': "q # z",
    r"a\sb\\c": r"a b\c",
    r'"a\"b"': 'a"b',
    r"a\qb": r"a\qb",
    "3306 ; z": "3306 ; z",
    "it's": "it's",
    "'": "'",
    "für → immer": "für → immer",
}


def write(folder: Path, *lines: str) -> Path:
    file = folder / "nova-db.cnf"
    file.write_text("\n".join(["[client]", *lines, ""]), encoding="utf-8")
    return file


@pytest.mark.parametrize("written", VALUES)
def test_a_value_is_what_the_clients_of_mariadb_take(
    tmp_path: Path, written: str
) -> None:
    file = write(tmp_path, f"password = {written}")
    assert option_file.read(file)["password"] == VALUES[written].encode()
    tool = shutil.which("my_print_defaults")
    if tool:
        said = subprocess.run(
            [tool, f"--defaults-file={file}", "client"],
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        assert said.removesuffix("\n") == f"--password={VALUES[written]}"


@pytest.mark.parametrize("line", ["!include /etc/b.cnf", "!includedir /etc/my.cnf.d"])
def test_a_file_that_includes_others_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(Refused, match="includes other files, which"):
        option_file.read(write(tmp_path, "user = novaweb", line))


def test_a_value_that_goes_on_in_the_next_line_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="is not a MySQL option file"):
        option_file.read(write(tmp_path, "user = novaweb", "   password = secret"))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "nova-db.cnf"
    file.write_bytes(b"[client]\nuser = \xff\xfe\n")
    with pytest.raises(Refused, match="is not a MySQL option file"):
        option_file.read(file)
