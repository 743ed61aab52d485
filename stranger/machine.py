"""A machine made of a bare root file system and namespaces of its own."""

from __future__ import annotations

import fcntl
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from lab.progress import CannotRunHere, LabError, say
from stranger import sources

INIT = Path(__file__).with_name("init.sh")
PATIENCE = 120.0  # seconds until it is up: a copy of a bare system takes a while
PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Each program of ours is killed with us: nobody else would end it.
WITH_US = ("setpriv", "--pdeathsig", "KILL")
NAME_SERVER = "10.0.2.3"  # slirp4netns's own
CERTIFICATES = "/etc/ssl/certs/of-the-host.crt"


@dataclass(frozen=True, kw_only=True)
class Bind:
    """A folder of this machine that the other one sees, at ``target`` (relative)."""

    source: Path
    target: str
    writable: bool = False


@dataclass(kw_only=True)
class Machine:
    """A running machine: its processes and mounts end with its ``init``."""

    here: Path  # its folder: logs, and what was written in it
    binds: Sequence[Bind] = ()
    init: int = 0  # its first process, as this machine counts
    environment: dict[str, str] = field(default_factory=dict)
    clones: list[str] = field(default_factory=list)  # of the project, in it
    _programs: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def root(self) -> Path:
        """Its root, seen from here."""
        return Path(f"/proc/{self.init}/root")

    @property
    def written(self) -> Path:
        """The folder with every file that differs from the bare system's."""
        upper = self.here / "upper"
        return upper if upper.exists() else self.here / "root"

    def start(self, bare: Path, *, network: bool = True) -> None:
        """It is up, with a network if asked. Raises CannotRunHere if not."""
        lines = [
            f"{b.source}\t{b.target}\t{'rw' if b.writable else 'ro'}\n"
            for b in self.binds
        ]
        (self.here / "binds").write_text("".join(lines))
        log = self.here / "init.log"
        reading, writing = os.pipe()
        with open(reading, "rb", buffering=0) as ready:
            self._start(
                *("unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork"),
                *("--kill-child", "/bin/bash", INIT, bare, self.here, str(writing)),
                log=log,
                keep=writing,
            )
            os.close(writing)
            answer = _read(ready, PATIENCE)
        if not answer.strip().isdigit():
            raise CannotRunHere(f"The machine does not start:\n{log.read_text()}")
        self.init = int(answer)
        self._furnish()
        if network:
            self._connect()

    def _furnish(self) -> None:
        """Its name, and how it reaches the registries that this machine reaches."""
        etc = self.root / "etc"
        (etc / "hostname").write_text("bare\n")
        (etc / "hosts").write_text(
            "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 bare\n"
        )
        (etc / "resolv.conf").unlink(missing_ok=True)
        (etc / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
        pip = sources.pip_conf()
        if trusted := sources.certificates():
            target = self.root / CERTIFICATES[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(trusted, target)
            pip += f"cert = {CERTIFICATES}\n"
        (etc / "pip.conf").write_text(pip)
        self.environment = {
            **{"CI": "true", "LANG": "C.UTF-8", "PATH": PATHS, "TERM": "dumb"},
            **{k: v for k, v in os.environ.items() if k.lower() in sources.PROXIES},
        }

    def _connect(self) -> None:
        log = self.here / "network.log"
        reading, writing = os.pipe()
        with open(reading, "rb", buffering=0) as ready:
            self._start(
                *("slirp4netns", "--configure", "--mtu=1400"),
                *("--disable-host-loopback", f"--ready-fd={writing}"),
                *(str(self.init), "tap0"),
                log=log,
                keep=writing,
            )
            os.close(writing)
            answer = _read(ready, PATIENCE)
        if answer != "1":
            raise CannotRunHere(f"The machine gets no network:\n{log.read_text()}")

    def _start(self, *words: str | Path, log: Path, keep: int) -> None:
        with log.open("wb") as sink:
            self._programs.append(
                subprocess.Popen(
                    [*WITH_US, *map(str, words)],
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=sink,
                    pass_fds=(keep,),
                    start_new_session=True,
                )
            )

    def words(self, command: Sequence[str], *, user: str) -> list[str]:
        """The words with which a command of this machine runs in the other one.

        It leads a session of its own there, so a signal to its group reaches what a
        Ctrl-C at a terminal would. It inherits its environment: see ``variables``.
        """
        return [
            *("nsenter", "-t", str(self.init), "-m", "-n", "-p", "-i", "-u", "--"),
            *("setsid", "setpriv", f"--reuid={user}", f"--regid={user}"),
            *("--init-groups", "env", f"--chdir={_home(user)}"),
            *command,
        ]

    def variables(self, user: str, **more: str) -> dict[str, str]:
        """The environment for ``words``: that of a proxy may have a password in it."""
        return {**self.environment, "HOME": _home(user), "USER": user, **more}

    def call(self, *command: str, user: str = "root", **environment: str) -> str:
        """Run a command there and return what it printed. Raises LabError."""
        done = subprocess.run(
            self.words(command, user=user),
            env=self.variables(user, **environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode:
            words = " ".join(command[:4])
            raise LabError(
                f"{words} … ended with {done.returncode} in the machine:\n"
                f"{(done.stdout + done.stderr)[-2000:]}"
            )
        return done.stdout

    def stop(self) -> None:
        """None of its processes runs any more."""
        while self._programs:
            program = self._programs.pop()
            program.kill()  # the first process, and so all, are killed with it
            program.wait()
        deadline = time.monotonic() + 30
        while self.init and Path(f"/proc/{self.init}").exists():
            if time.monotonic() > deadline:
                raise LabError(f"Process {self.init} does not end; it was killed.")
            time.sleep(0.05)


def _home(user: str) -> str:
    return "/root" if user == "root" else f"/home/{user}"


def _read(pipe: BinaryIO, patience: float) -> str:
    """What the other side says as soon as it is ready; nothing if it ends before."""
    readable, _, _ = select.select([pipe], [], [], patience)
    return pipe.read(64).decode(errors="replace") if readable else ""


@contextmanager
def folder(cache: Path, name: str) -> Iterator[Path]:
    """One machine's folder: gone afterwards, or after a kill at the next start."""
    machines = cache / "machines"
    machines.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with (cache / "machines.lock").open("w") as others:
            fcntl.flock(others, fcntl.LOCK_EX)
            sweep(machines)
            here = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=machines))
            lock = stack.enter_context((here / "lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        stack.callback(_remove, here)
        yield here


def sweep(machines: Path) -> None:
    """Remove the folders of machines whose owners were killed."""
    for here in machines.iterdir():
        # whose owner has just ended may vanish at any moment
        with suppress(FileNotFoundError), (here / "lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            say(f"Removing what a killed run left: {here}")
            _remove(here)


def _remove(here: Path) -> None:
    """The folder is gone; the lock, which says whose it is, goes last."""
    for _ in range(50):
        inside = [str(path) for path in here.iterdir() if path.name != "lock"]
        if not inside:
            break
        # a machine has some 100 000 files, and no mount of it is seen here
        rm = ["rm", "-rf", "--one-file-system", "--", *inside]
        if subprocess.run(rm, capture_output=True, check=False).returncode:
            time.sleep(0.1)  # a killed process may still write there
    shutil.rmtree(here, ignore_errors=True)
