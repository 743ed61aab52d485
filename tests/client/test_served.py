"""The command `openstack` itself, with the wheel, on a site that is served."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from migrations_app.models import MigrationRequest, Run
from pretend import PretendCloud
from tests import factories
from tests.api.conftest import Person
from tests.browser.reading import read_clouds
from tests.browser.web import Web
from tests.processes.conftest import MakeSite, make_site
from tests.processes.site import until

__all__ = ["make_site"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.server]
PATIENCE = 240  # seconds that a command may take on a busy machine


@pytest.fixture
def cloud(tmp_path: Path) -> PretendCloud:
    cloud = PretendCloud("pretend", tmp_path / "pretend.sqlite3")
    cloud.set(pause=0.1)
    cloud.add_host("compute-30", zone="OS1")
    cloud.add_host("compute-34", zone="OS1")
    # it is moved, and its memory changes faster than it is copied
    cloud.spoil(cloud.create("web", host="compute-30"), "never")
    return cloud


@pytest.fixture
def web(tmp_path: Path, make_site: MakeSite, cloud: PretendCloud) -> Iterator[Web]:
    """A whole installation: web, worker and Valkey."""
    site = make_site(
        NOVAWEB_CLOUDS="pretend",
        NOVAWEB_PRETEND_FILE=str(tmp_path / "pretend.sqlite3"),
    )
    web = Web(tmp_path, environment=site.environment)
    web.start()
    site.work()
    read_clouds()
    yield web
    web.stop()


class Shell:
    """Where somebody enters `openstack …`; clouds.yaml has address and token."""

    def __init__(self, user: User, folder: Path, *, installed: Path, url: str) -> None:
        self.folder = folder / user.username
        self.folder.mkdir()
        token = self.folder / "token"
        token.write_text(Person(user).headers["Authorization"].split()[1])
        token.chmod(0o600)
        clouds = self.folder / "clouds.yaml"
        clouds.write_text(
            "clouds: {here: {auth: {auth_url: 'http://127.0.0.1:1'},"
            f" novaweb: {{url: '{url}', token_file: '{token}'}}}}}}\n"
        )
        self.environment = {
            **os.environ,
            "HOME": str(self.folder),
            "OS_CLIENT_CONFIG_FILE": str(clouds),
            "PYTHONPATH": str(installed),
        }

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """Start the command; what it writes goes into files."""
        command = [str(Path(sys.executable).parent / "openstack"), "--os-cloud", "here"]
        with self.stdout.open("wb") as stdout, self.stderr.open("wb") as stderr:
            return subprocess.Popen(
                [*command, "move", *words],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )

    def run(self, *words: str) -> int:
        """Return the exit status of the command."""
        return self.end(self.begin(*words))

    def end(self, process: subprocess.Popen[bytes]) -> int:
        """Return the exit status, once it has ended."""
        try:
            return process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()

    @property
    def stdout(self) -> Path:
        return self.folder / "stdout"

    @property
    def stderr(self) -> Path:
        return self.folder / "stderr"


def test_a_move_is_requested_approved_and_watched_while_the_site_is_restarted(
    tmp_path: Path, installed: Path, web: Web, cloud: PretendCloud
) -> None:
    rita, anna = (
        Shell(
            factories.person(name, role), tmp_path, installed=installed, url=web.address
        )
        for name, role in (("rita", "requester"), ("anna", "approver"))
    )
    move = ("web", "--procedure", "live", "--target", "compute-34", "--reason", "x")
    asked = rita.begin("request", "create", *move, "--wait", "-f", "json")
    try:
        until(lambda: "is requested" in said(rita, asked), "the request")
        number = str(MigrationRequest.objects.get().pk)
        words = ("request", "approve", number, "--note", "Fine.", "--digest")
        assert anna.run(*words, "0" * 64) == 1
        assert "plan" in anna.stderr.read_text()
        assert "Traceback" not in anna.stderr.read_text()
        plan = MigrationRequest.objects.get().plan_digest
        assert anna.run(*words, plan) == 0, anna.stderr.read_text()
        until(lambda: "   1 " in said(rita, asked), "the first line of the log")
        web.stop()
        until(lambda: "does not answer" in said(rita, asked), "the loss to be told")
        web.start()
        until(lambda: "answers again" in said(rita, asked), "the return to be told")
        otto = Person(factories.person("otto", "operator"))
        run = f"runs/{Run.objects.get().pk}/force-complete/"
        until(lambda: otto.post(run).status == 200, "the copy to be under way")
        status = rita.end(asked)
    finally:
        asked.kill()
        asked.wait()

    assert status == 0, rita.stderr.read_text()
    found = json.loads(rita.stdout.read_text())
    assert (found["state"], found["target"]) == ("completed", "compute-34")
    lines = [line.split(maxsplit=2) for line in rita.stderr.read_text().splitlines()]
    log = [line for line in lines if line[0].isdecimal()]
    assert [int(line[0]) for line in log] == list(range(1, len(log) + 1))
    assert log[-1][2] == found["run"]["last_line"]["text"]
    assert int(log[-1][0]) == found["run"]["last_line"]["number"]


def said(shell: Shell, process: subprocess.Popen[bytes]) -> str:
    """Return what the command has told; it must not have ended."""
    told = shell.stderr.read_text()
    assert process.poll() is None, told
    return told
