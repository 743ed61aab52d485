"""Commands on a host, by a real sshd."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from migrations_app.errors import Blocked, Refused, Unreachable
from migrations_app.integrations.adapters.ssh import SshHosts
from migrations_app.integrations.adapters.ssh import pool as ssh_pool
from migrations_app.integrations.interfaces import Command
from tests.integrations.adapters.sshd import Sshd, kill
from tests.integrations.adapters.wire import Wire, wire


def ask(text: str) -> Command:
    return Command("look", text)


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """One that no test stops."""
    made = Sshd(tmp_path_factory.mktemp("sshd"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Sshd]:
    """One of the test's own; it must be started."""
    made = Sshd(tmp_path)
    yield made
    made.stop()


@pytest.fixture
def enter() -> Iterator[Callable[[Path], SshHosts]]:
    made: list[SshHosts] = []

    def make(config: Path) -> SshHosts:
        made.append(SshHosts(config))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def compute(sshd: Sshd, enter: Callable[[Path], SshHosts]) -> SshHosts:
    return enter(sshd.config())


@pytest.fixture
def cable(sshd: Sshd) -> Iterator[Wire]:
    with wire(sshd.port) as laid:
        sshd.know("ed25519", port=laid.port)
        yield laid
    sshd.know("ed25519")


@pytest.fixture
def far(sshd: Sshd, cable: Wire, enter: Callable[[Path], SshHosts]) -> SshHosts:
    """The same host, at the other end of a cable."""
    return enter(sshd.config(port=cable.port))


def test_it_returns_what_the_command_wrote_and_nothing_else(compute: SshHosts) -> None:
    assert compute.run("compute-40", ask("echo one; echo no >&2; echo two")) == (
        "one\ntwo\n"
    )
    assert compute.run("compute-40", ask(":")) == ""


def test_it_takes_any_text(compute: SshHosts) -> None:
    text = """printf '%s|' "it's" 'a "b"' \\$HOME 'ü→' "two
lines"
cat <<'END'
} fi $(nothing) `nothing`
END
"""
    assert compute.run("compute-40", ask(text)) == (
        'it\'s|a "b"|$HOME|ü→|two\nlines|} fi $(nothing) `nothing`\n'
    )


def test_a_command_cannot_swallow_those_after_it(compute: SshHosts) -> None:
    assert compute.run("compute-40", ask("cat\nread -r x || :\necho on")) == "on\n"


def test_half_a_text_runs_nothing(compute: SshHosts, tmp_path: Path) -> None:
    with pytest.raises(Blocked):
        compute.run("compute-40", ask(f"touch {tmp_path}/trace\nif true; then"))
    assert not (tmp_path / "trace").exists()


def test_nobody_sees_the_text_in_the_list_of_processes(compute: SshHosts) -> None:
    text = ": secret-word\ncat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' || :"
    seen = compute.run("compute-40", ask(text))
    assert "sh -eu -s" in seen
    assert "secret-word" not in seen


def test_it_finds_what_an_administrator_finds(compute: SshHosts) -> None:
    said = compute.run("compute-40", ask('echo "$PATH $LC_ALL"'))
    assert {"/usr/sbin", "/sbin"} <= set(said.split(" ")[0].split(":"))
    assert said.endswith(" C\n")


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("echo first >&2; echo last >&2; exit 3", "with status 3: last."),
        ("false; echo never >&2", "with status 1: it did not say why."),
        ("echo out; exit 4", "with status 4: out."),
        ("echo $unset", "with status 2: "),
        ("nothing-like-it", "with status 127: "),
    ],
)
def test_a_command_that_fails_says_why(
    compute: SshHosts, text: str, sentence: str
) -> None:
    with pytest.raises(Blocked, match="look failed on compute-40") as caught:
        compute.run("compute-40", ask(text))
    assert sentence in caught.value.sentence
    assert "never" not in caught.value.sentence


def test_a_command_that_was_killed_may_have_run(compute: SshHosts) -> None:
    with pytest.raises(Unreachable, match="was killed on compute-40; it may have run"):
        compute.run("compute-40", ask("kill -9 $$"))


def test_what_a_login_says_is_no_answer(
    mortal: Sshd, enter: Callable[[Path], SshHosts]
) -> None:
    mortal.start('ForceCommand sh -c "echo Welcome; exec sh -eu -s"')
    compute = enter(mortal.config())
    assert compute.run("compute-40", ask("echo one")) == "one\n"


def test_an_account_that_may_not_be_root_is_told(
    mortal: Sshd, enter: Callable[[Path], SshHosts]
) -> None:
    mortal.start("ForceCommand echo sudo: a password is required >&2; exit 1")
    with pytest.raises(Refused, match=r"a password is required.*NOPASSWD"):
        enter(mortal.config()).run("compute-40", ask(":"))


def test_an_account_that_is_not_root_uses_sudo(
    mortal: Sshd, enter: Callable[[Path], SshHosts], monkeypatch: pytest.MonkeyPatch
) -> None:
    mortal.start('ForceCommand sh -c "$SSH_ORIGINAL_COMMAND"')
    compute = enter(mortal.config())
    seen = "cat /proc/$PPID/cmdline | tr '\\0' ' '"
    assert "sudo" not in compute.run("compute-40", ask(seen))

    line = compute._borrow("compute-40", time.monotonic() + 20)
    # as it would be for another account, whom this sshd does not know
    line.entry = replace(line.entry, user="nova")
    monkeypatch.setattr(compute, "_borrow", lambda *_: line)
    assert "sudo -n sh -eu -s" in compute.run("compute-40", ask(seen))


def test_a_command_over_its_time_is_left(compute: SshHosts) -> None:
    compute.run("compute-40", ask(":"))
    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"did not end in time.*may have run"):
        compute.run("compute-40", ask("sleep 60"), timeout=2)
    assert time.monotonic() - began < 20
    assert compute.run("compute-40", ask("echo next")) == "next\n"


def test_a_command_that_hides_is_left_too(compute: SshHosts) -> None:
    compute.run("compute-40", ask(":"))
    with pytest.raises(Unreachable, match="did not end in time"):
        compute.run("compute-40", ask("exec >&- 2>&-; sleep 60"), timeout=2)


def test_what_it_started_detached_does_not_hold_it(compute: SshHosts) -> None:
    text = "setsid sleep 30 </dev/null >/dev/null 2>&1 & echo $!"
    child = int(compute.run("compute-40", ask(text), timeout=60))
    kill(child)


def test_ten_megabytes_are_no_answer(compute: SshHosts) -> None:
    with pytest.raises(Blocked, match="more than 4 MiB"):
        compute.run("compute-40", ask("head -c 10000000 /dev/zero"))
    assert len(compute.run("compute-40", ask("head -c 4000000 /dev/zero"))) == 4000000


def test_endless_errors_cost_no_memory(compute: SshHosts) -> None:
    text = "head -c 3000000 /dev/zero >&2; echo >&2; echo last >&2; exit 1"
    with pytest.raises(Blocked, match="with status 1: last"):
        compute.run("compute-40", ask(text))


def test_its_threads_share_one_connection(far: SshHosts, cable: Wire) -> None:
    with ThreadPoolExecutor(6) as pool:
        said = list(
            pool.map(lambda n: far.run("compute-40", ask(f"echo {n}")), range(12))
        )
    assert said == [f"{n}\n" for n in range(12)]
    assert cable.connections == 1


def test_a_forked_process_has_its_own(far: SshHosts, cable: Wire) -> None:
    far.run("compute-40", ask(":"))
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if far.run("compute-40", ask("echo child")) == "child\n" else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert status == 0
    assert far.run("compute-40", ask("echo parent")) == "parent\n"
    assert cable.connections == 2


def test_what_nobody_uses_is_closed(
    far: SshHosts, cable: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ssh_pool, "IDLE", 0.2)
    far.run("compute-40", ask(":"))
    until(lambda: cable.open() == 0)
    assert far.run("compute-40", ask("echo again")) == "again\n"


def test_it_connects_anew_when_the_server_was_killed_between(
    mortal: Sshd, enter: Callable[[Path], SshHosts]
) -> None:
    mortal.start()
    compute = enter(mortal.config())
    compute.run("compute-40", ask(":"))
    mortal.stop()
    with pytest.raises(Unreachable, match="refuses the connection: look whether sshd"):
        compute.run("compute-40", ask(":"))
    mortal.start()
    assert compute.run("compute-40", ask("echo back")) == "back\n"


def test_it_connects_anew_when_the_cable_was_cut_between(
    far: SshHosts, cable: Wire
) -> None:
    far.run("compute-40", ask(":"))
    cable.cut()
    assert far.run("compute-40", ask("echo back")) == "back\n"


def test_a_cable_cut_in_the_middle_leaves_the_outcome_open(
    far: SshHosts, cable: Wire, tmp_path: Path
) -> None:
    with ThreadPoolExecutor(1) as pool:
        text = f"touch {tmp_path}/trace; sleep 30"
        running = pool.submit(far.run, "compute-40", ask(text))
        until((tmp_path / "trace").exists)
        cable.cut()
        with pytest.raises(
            Unreachable, match=r"went away while look ran.*may have run"
        ):
            running.result(10)


def test_a_cable_that_carries_nothing_any_more_costs_no_more_than_its_time(
    far: SshHosts, cable: Wire
) -> None:
    far.run("compute-40", ask(":"))
    cable.mute = True
    began = time.monotonic()
    with pytest.raises(Unreachable, match="does not answer over SSH"):
        far.run("compute-40", ask(":"), timeout=2)
    assert time.monotonic() - began < 20
    cable.mute = False
    assert far.run("compute-40", ask("echo back")) == "back\n"
