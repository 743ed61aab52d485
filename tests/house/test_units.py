"""The systemd units in deploy/: locked down, with room for what novaweb writes."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from novaweb import settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
WORKER = DEPLOY / "novaweb-worker@.service"
# of 100, as systemd-analyze counts
MOST = 30


def values(unit: Path, name: str) -> list[str]:
    """What the unit says for that directive, line by line."""
    text = unit.read_text(encoding="utf-8")
    return re.findall(rf"^{name}=(.*)$", text, flags=re.MULTILINE)


def environment(unit: Path) -> dict[str, str]:
    return dict(text.split("=", 1) for text in values(unit, "Environment"))


def test_there_is_a_unit_for_each_process() -> None:
    assert [unit.name for unit in UNITS] == [
        *("novaweb-prepare.service", "novaweb-web.service", "novaweb-worker@.service"),
    ]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_each_is_locked_down(unit: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd-analyze here")
    done = subprocess.run(
        [program, "security", "--offline=true", f"--threshold={MOST}", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-300:] + done.stderr
    assert "Unknown key" not in done.stderr


def verified(folder: Path, *lines: str) -> str:
    """Return what systemd complains of in the units, for a novaweb in that folder.

    ``lines`` are put into the services beside their own.
    """
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("there is no systemd-analyze here")
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch(mode=0o755)
    copies = []
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace("/opt/novaweb", str(folder))
        text = text.replace("[Service]", "\n".join(["[Service]", *lines]))
        copies.append(folder / unit.name)
        copies[-1].write_text(text, encoding="utf-8")
    done = subprocess.run(
        [program, "verify", "--man=no", *map(str, copies)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or done.stderr
    return done.stdout + done.stderr


def test_systemd_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    assert verified(tmp_path) == ""


def test_systemd_would_say_what_it_does_not_know(tmp_path: Path) -> None:
    assert "ProtectSytem" in verified(tmp_path, "ProtectSytem=strict")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_each_may_write_where_novaweb_writes(unit: Path) -> None:
    (folders,) = values(unit, "StateDirectory")
    writable = [Path("/var/lib", name) for name in folders.split()]
    given = environment(unit)
    written = [given["NOVAWEB_STATE_DIR"]]
    written += [given[name] for name in ("NOVAWEB_AUDIT_SIGNED",) if name in given]
    for path in written:
        assert any(Path(path).is_relative_to(folder) for folder in writable), path
    assert values(unit, "StateDirectoryMode") == ["0700"]
    assert values(unit, "ProtectSystem") == ["strict"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_each_gets_its_secrets_as_credentials(unit: Path) -> None:
    loaded = {text.split(":", 1)[0] for text in values(unit, "LoadCredential")}
    given = environment(unit)
    named = {text.removeprefix("%d/") for text in given.values() if text[:3] == "%d/"}
    assert named == loaded
    assert {"secret-key", "database-url", "redis-url"} <= loaded
    for name in given:
        assert hasattr(settings, name.removesuffix("_FILE")) or name in (
            *("NOVAWEB_STATE_DIR", "NOVAWEB_SECRET_KEY_FILE"),
            "NOVAWEB_DATABASE_URL_FILE",
        )


def test_workers_alone_have_the_key_of_the_audit_trail() -> None:
    for unit in UNITS:
        has = "NOVAWEB_AUDIT_KEY" in environment(unit)
        assert has is (unit == WORKER)
        assert ("audit" in unit.read_text(encoding="utf-8")) is has


def test_workers_alone_can_read_the_keys_to_hosts_and_to_novas_database() -> None:
    own = "/etc/novaweb/environment-worker"
    for unit in UNITS:
        keys = unit == WORKER
        assert values(unit, "User") == ["novaweb-worker" if keys else "novaweb"]
        assert (own in values(unit, "EnvironmentFile")) is keys
        assert values(unit, "SupplementaryGroups") == (["novaweb"] if keys else [])
        assert not {"NOVAWEB_SSH", "NOVAWEB_NOVA_DB"} & set(environment(unit))
    # systemd gives a folder to the account of its unit: two would take it in turns
    folders = [set(values(unit, "StateDirectory")[0].split()) for unit in UNITS]
    assert not (folders[0] | folders[1]) & folders[2]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_accounts_of_the_units_are_made_by_the_instructions(unit: Path) -> None:
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    (account,) = values(unit, "User")
    assert re.search(rf"useradd .*/var/lib/{account} {account}$", text, re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_instructions_make_each_file_that_a_unit_reads(unit: Path) -> None:
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    files = [line.split(":", 1)[1] for line in values(unit, "LoadCredential")]
    for path in (*files, *values(unit, "EnvironmentFile")):
        assert Path(path).parent == Path("/etc/novaweb")
        made = rf"(> |install .*|audit_key ){re.escape(Path(path).name)}\b"
        assert re.search(made, text), path


def test_the_server_does_not_say_what_it_is() -> None:
    (command,) = values(DEPLOY / "novaweb-web.service", "ExecStart")
    assert "--no-server-header" in command
