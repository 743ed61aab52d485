"""What a command does when the terminal that it was typed in is closed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.settings import PROJECT

TIDIES = """
import signal, sys, time
from lab.progress import complain, end_with_the_terminal, say
end_with_the_terminal()
try:
    say("begun")
    time.sleep(60)
except KeyboardInterrupt:
    for number in range(9):
        say("tidying up")
        complain("still at it")
    open(sys.argv[1], "w").close()
"""


@pytest.mark.parametrize("ignored", [False, True], ids=["as usual", "nohup"])
def test_it_tidies_up_though_nobody_reads_what_it_says(
    tmp_path: Path, ignored: bool
) -> None:
    ours, theirs = os.openpty()
    tidied = tmp_path / "tidied"
    how = signal.SIG_IGN if ignored else signal.SIG_DFL
    command = subprocess.Popen(
        [sys.executable, "-c", TIDIES, tidied],
        cwd=PROJECT,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, how),
    )
    try:
        os.close(theirs)
        said = b""
        while not said.endswith(b"begun\r\n"):
            said += os.read(ours, 1000)
        os.close(ours)
        command.send_signal(signal.SIGHUP)
        if ignored:
            with pytest.raises(subprocess.TimeoutExpired):
                command.wait(0.5)
        else:
            assert command.wait(20) == 0
    finally:
        command.kill()
        command.wait()
    assert tidied.exists() is not ignored
