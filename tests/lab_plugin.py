"""Starts a lab for the tests that are marked ``lab``, and ends it after them.

pytest's first process does it when all tests are to run, or with ``--lab``: nobody who
runs a folder of them starts an OpenStack by surprise. The lab comes up while the others
run, and goes down before pytest's closing lines, however the tests ended. It is one of
its own, beside any that a person may have running.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lab.progress import end_with_the_terminal
from lab.release import NEWEST
from lab.settings import from_environment

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 1200.0  # seconds: the first time, OpenStack itself is installed
CANNOT_RUN_HERE = 3  # what `lab up` says where no lab is possible
THE_TESTS_LAB = {"NOVAWEB_LAB_ADDRESS": "127.0.0.23"}
# Most tests boot their own: more to begin with costs time, and memory throughout.
TO_BEGIN_WITH = ("web-0", "web-cfg")


def folder() -> Path:
    """Where the processes of pytest leave word for each other."""
    return Path(os.environ["NOVAWEB_TEST_FOLDER"])


@cache
def can_hold_hypervisors() -> bool:
    """Tell whether this machine lets us make the namespaces of libvirt hosts."""
    try:
        asked = ["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "true"]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def environment() -> dict[str, str]:
    release = os.environ.get("NOVAWEB_LAB_RELEASE", NEWEST)
    return {
        **os.environ,
        **THE_TESTS_LAB,
        # a lab is of one release
        "NOVAWEB_LAB_NAME": "test" if release == NEWEST else f"test{release}",
        "NOVAWEB_LAB_LIBVIRT": "1" if can_hold_hypervisors() else "0",
    }


class LabOfTheTests:
    """Lives in pytest's first process."""

    def __init__(self) -> None:
        self.starting: threading.Thread | None = None
        self.process: subprocess.Popen[bytes] | None = None
        self.turn: socket.socket | None = None
        self.over = threading.Event()
        self.trouble = ""

    def start(self) -> None:
        if self.starting is None:
            self.starting = threading.Thread(target=self._start)
            self.starting.start()

    def _start(self) -> None:
        began = time.monotonic()
        status, output = 1, ""
        self._wait_for_our_turn()
        # what tests of a killed pytest made or disabled is in its state still
        for verb, *words in (["up"], ["reset"], ["seed", "--only", *TO_BEGIN_WITH]):
            if self.over.is_set():
                return
            status, output = self._run(verb, *words)
            if status != 0:
                break
        seconds = round(time.monotonic() - began)
        leave_word({"status": status, "output": output[-3000:], "seconds": seconds})

    def _wait_for_our_turn(self) -> None:
        """No other pytest on this machine uses the lab of the tests."""
        while not self.over.is_set():
            turn = socket.socket(socket.AF_UNIX)
            try:
                # A name without a file: it is free again when this process ends.
                turn.bind("\0novaweb-lab-of-the-tests")
            except OSError:
                turn.close()
                self.over.wait(1)
            else:
                self.turn = turn
                return

    def _run(self, verb: str, *words: str) -> tuple[int, str]:
        log = folder() / f"lab-{verb}.log"
        with log.open("wb") as sink:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lab", verb, *words],
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                start_new_session=True,  # Ctrl-C is ours to answer
            )
            status = self.process.wait()
        return status, log.read_text(errors="replace")

    def stop(self) -> None:
        """No process, namespace or mount of the lab is left; ``trouble`` if not so."""
        if self.starting is None:
            return
        self.over.set()
        if self.starting.is_alive() and self.process is not None:
            self.process.send_signal(signal.SIGINT)
        self.starting.join()
        if self.turn is None:
            return
        word = read_word()
        if word is None or word["status"] != CANNOT_RUN_HERE:
            status, output = self._run("down")
            if status != 0:
                self.trouble = f"The lab of the tests is not down:\n{output[-3000:]}"
        self.turn.close()


def leave_word(word: dict[str, Any]) -> None:
    path = folder() / "lab.json"
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(word), encoding="utf-8")
    draft.rename(path)


def read_word() -> dict[str, Any] | None:
    path = folder() / "lab.json"
    if not path.exists():
        return None
    word: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return word


the_lab = LabOfTheTests()


def is_first_process() -> bool:
    return "PYTEST_XDIST_WORKER" not in os.environ


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--lab",
        action="store_true",
        help="start the lab, a real OpenStack, although only some tests run (root)",
    )


def all_are_to_run(config: pytest.Config) -> bool:
    """Tell whether the command line names no test, folder, mark or word."""
    named = config.args_source is pytest.Config.ArgsSource.ARGS
    return not (named or config.option.markexpr or config.option.keyword)


def lab_is_asked_for(config: pytest.Config) -> bool:
    """Tell whether the lab may be started, in the first process as in the others."""
    if is_first_process():
        asked = config.getoption("lab") or all_are_to_run(config)
        os.environ["NOVAWEB_TEST_LAB"] = "yes" if asked else ""
    return bool(os.environ.get("NOVAWEB_TEST_LAB"))


def pytest_configure(config: pytest.Config) -> None:
    if is_first_process():
        # A terminated pytest takes its lab down as an interrupted one does.
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        end_with_the_terminal()
    lab_is_asked_for(config)


def pytest_sessionstart(session: pytest.Session) -> None:
    config = session.config
    # the others take a while to collect; all that is up by then need not be waited for
    if is_first_process() and not config.option.collectonly and all_are_to_run(config):
        the_lab.start()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(ids: Sequence[str]) -> None:
    groups = {test.rpartition("@")[2] for test in ids if "@" in test}
    if os.environ["NOVAWEB_TEST_LAB"] and any(it.startswith("lab") for it in groups):
        the_lab.start()


def pytest_collection_finish(session: pytest.Session) -> None:
    config = session.config
    here = is_first_process() and not config.option.collectonly
    if not (here and lab_is_asked_for(config)):
        return
    if any(item.get_closest_marker("lab") for item in session.items):
        the_lab.start()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if is_first_process():
        the_lab.stop()
        if the_lab.trouble:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what did not run, and why: a skipped test proves nothing."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        reasons[reason] = reasons.get(reason, 0) + 1
    if reasons:
        terminalreporter.section("NOT RUN", sep="!", red=True, bold=True)
        for reason, count in sorted(reasons.items()):
            terminalreporter.line(f"{count} not run: {reason}", red=True)
    if the_lab.trouble:
        terminalreporter.section("THE LAB", sep="!", red=True, bold=True)
        terminalreporter.line(the_lab.trouble, red=True)


@pytest.fixture(scope="session")
def lab() -> dict[str, Any]:
    """The facts of a real OpenStack that is up and seeded; ``clouds_yaml`` is a path.

    Skips, loudly, where there can be none (not root, not Debian or Ubuntu) or it was
    not asked for; fails if there should be one and it does not come up.
    """
    if not os.environ["NOVAWEB_TEST_LAB"]:
        pytest.skip("the lab was not asked for: --lab starts it (make test, too)")
    deadline = time.monotonic() + PATIENCE
    while (word := read_word()) is None:
        if time.monotonic() > deadline:
            pytest.fail(f"The lab is not up after {PATIENCE:.0f} s.")
        time.sleep(0.2)
    if word["status"] == CANNOT_RUN_HERE:
        sentences = word["output"].strip().splitlines() or ["no reason was given."]
        pytest.skip(f"no lab: {sentences[-1]}")
    if word["status"] != 0:
        pytest.fail(f"The lab did not come up:\n{word['output']}")
    settings = from_environment(environment())
    facts: dict[str, Any] = json.loads(settings.facts_json.read_text(encoding="utf-8"))
    return {**facts, "clouds_yaml": str(settings.clouds_yaml)}
