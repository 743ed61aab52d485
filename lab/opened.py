"""Which files of others a command opens or looks for: `python3 -m lab.opened COMMAND`

Runs the command and all that it starts under strace, prints each path that is not ours
to read, with the program and whether the file was opened or merely looked for, and ends
with status 1 if there is one. A file that is looked for counts as one that is read: on
the next machine it may be there, left by another OpenStack, and change what we do.

It ends when all that was started has ended: the command must take its lab down, as
`make demo ARGS=--once` does. Needs root. Not for a lab with libvirt hosts: those have
folders of their own at the same paths, and strace does not see which is which.
"""

from __future__ import annotations

import os
import pwd
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from lab import apt, machine
from lab.progress import LabError, complain
from lab.settings import PROJECT, Settings, SettingsError, from_environment

SERVICES = "keystone|nova|neutron|glance|cinder|placement"
# What an OpenStack has on a machine, wherever its services and clients look for it.
OTHERS = re.compile(
    rf"/etc/(({SERVICES}|openstack|xdg/openstack)(/|[.-]|$)|policy\.(yaml|json|d)(/|$))"
    rf"|/var/(lib|log|cache)/({SERVICES})(/|$)"
)
# program, path below a home: what is the user's own choice and must be read
ALLOWED = (
    # Python itself, where it is called by hand, before a line of ours runs
    (r"^python\S* -m lab\b", r"\.local/lib/python"),
    # where Python looks for its own library, if it is installed in a home
    (r"\bpython", r"(.*/)?lib/python\d+\.zip$"),
    # croniter asks whether this machine has 64 bits, and Python asks `file`
    (r"^file\b", r"\.magic(\.mgc)?$"),
    # where packages come from, and the passwords for there
    (r"\bpip\b", r"(\.config/pip|\.pip|\.netrc|_netrc|\.pydistutils\.cfg)(/|$)"),
    # who the user is; the tests' list of files is git's
    (r"^\S*\bgit\b", r"(\.gitconfig|\.config/git)(/|$)"),
)
TEXT = r'"((?:[^"\\]|\\.)*)"'
CALL = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(?: resumed>)?(.*)")
PATH = re.compile(rf"(?:(?:AT_FDCWD|\d+)<((?:[^>\\]|\\.)*)>, )?{TEXT}")
SUCCESS = re.compile(r"\) += (\d+)")


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A path of others, by whom it was asked for, and whether it was there."""

    path: str
    program: str
    opened: bool


@dataclass(kw_only=True)
class Judge:
    """Knows what is ours. ``homes`` are those of people, ``own`` what we may read."""

    homes: Sequence[str]
    own: Sequence[str]

    def outside(self, path: str, *, program: str, executable: str) -> bool:
        """Say whether a program may not look for this path."""
        if any(_below(path, one) or _below(one, path) for one in self.own):
            return False
        if OTHERS.match(path):
            return True
        home = next((h for h in self.homes if _below(path, h) and path != h), None)
        if home is None:
            return False
        rest = os.path.relpath(path, home)
        # a program that is installed in a home has its libraries beside it
        kept = os.path.join(home, rest.split("/")[0])
        if executable != kept and _below(executable, kept):
            return False
        return not any(
            re.search(who, program) and re.match(what, rest) for who, what in ALLOWED
        )


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


@dataclass(kw_only=True)
class Reader:
    """Reads strace's lines, and keeps who asked for what."""

    judge: Judge
    found: dict[tuple[str, str], bool] = field(default_factory=dict)
    programs: dict[str, tuple[str, str]] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)
    # Of the package manager, which is the machine's own, with what packages run.
    packaging: set[str] = field(default_factory=set)

    def read(self, line: str) -> None:
        match = CALL.match(line)
        if match is None:
            return
        pid, call, rest = match.groups()
        if rest.endswith("<unfinished ...>"):
            self.begun[pid] = rest
            return
        if "resumed>" in line:
            rest = self.begun.pop(pid, "") + rest
        success = SUCCESS.search(rest)
        if call in {"clone", "clone3", "fork", "vfork"}:
            if success and pid in self.programs:
                self.programs.setdefault(success[1], self.programs[pid])
                if pid in self.packaging:
                    self.packaging.add(success[1])
        elif call in {"execve", "execveat"}:
            # where a program is looked for is the user's own PATH
            if success:
                self._begin(pid, rest)
        else:
            self._look(pid, rest, opened=success is not None)

    def _begin(self, pid: str, rest: str) -> None:
        executable, *words = [text for _, text in PATH.findall(rest)]
        self.programs[pid] = (executable, " ".join(words)[:120])
        if executable.startswith(("/usr/bin/dpkg", "/usr/sbin/dpkg")):
            self.packaging.add(pid)

    def _look(self, pid: str, rest: str, *, opened: bool) -> None:
        if pid in self.packaging:
            return
        executable, program = self.programs.get(pid, ("", "a program that ended"))
        for folder, name in PATH.findall(rest):
            path = os.path.normpath(os.path.join(folder or "/", name))
            if self.judge.outside(path, program=program, executable=executable):
                key = (path, program)
                self.found[key] = self.found.get(key, False) or opened

    def outside(self) -> list[Outside]:
        return [
            Outside(path=path, program=program, opened=opened)
            for (path, program), opened in sorted(self.found.items())
        ]


def judge(settings: Settings, environ: dict[str, str]) -> Judge:
    """Return what is ours: the project, the lab's prefix, Python and PATH."""
    people = [p.pw_dir for p in pwd.getpwall() if p.pw_uid == 0 or p.pw_uid >= 1000]
    homes = {environ.get("HOME", "/root"), "/home", *people} - {"/", "/nonexistent"}
    own = [str(PROJECT), str(settings.prefix), tempfile.gettempdir()]
    own += [sys.base_prefix, sys.prefix, *environ.get("PATH", "").split(":")]
    return Judge(
        homes=sorted(homes, key=len, reverse=True),
        own=[os.path.normpath(folder) for folder in own if folder],
    )


def watch(command: Sequence[str], reader: Reader) -> int:
    """Run the command to its end, and all that it started; return its exit status."""
    read_end, write_end = os.pipe()
    strace = ["strace", "-f", "-qq", "-y", "--seccomp-bpf", "-s", "4096"]
    strace += ["-e", "trace=%file,%process", "-e", "signal=none"]
    strace += ["-o", f"/proc/self/fd/{write_end}", "--", *command]
    with (
        open(read_end, encoding="utf-8", errors="replace") as lines,
        _handing_interrupts_on() as hand_to,
    ):
        process = subprocess.Popen(
            strace, pass_fds=(write_end,), start_new_session=True
        )
        os.close(write_end)
        hand_to(process.pid)
        for line in lines:
            reader.read(line)
        return process.wait()


@contextmanager
def _handing_interrupts_on() -> Iterator[Callable[[int], None]]:
    """The command answers an interrupt, and is read until all that it started ended.

    Gives what is told the command's process group. One that came before, while it was
    being started, is handed on then: nobody else would end the command.

    strace, which heeds none when it writes to a file, must not end before: the kernel
    then lets its processes open, start and tidy up nothing any more (seccomp(2),
    SECCOMP_RET_TRACE without a tracer: ENOSYS).
    """

    groups: list[int] = []
    early: list[int] = []

    def hand_on(number: int, _: object) -> None:
        if not groups:
            early.append(number)
        for group in groups:
            with suppress(ProcessLookupError):
                os.killpg(group, number)

    def hand_to(group: int) -> None:
        groups.append(group)
        for number in early:
            hand_on(number, None)

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [(number, signal.signal(number, hand_on)) for number in signals]
    try:
        yield hand_to
    finally:
        for number, handler in before:
            signal.signal(number, handler or signal.SIG_DFL)


def report(found: Iterable[Outside]) -> list[str]:
    """Return a line for each path."""
    return [
        f"{one.path}: {'opened' if one.opened else 'looked for'} by {one.program}"
        for one in found
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge one command; return the exit status."""
    command = list(sys.argv[1:] if arguments is None else arguments)
    if not command or command[0].startswith("-"):
        complain((__doc__ or "").strip())
        return 2
    try:
        machine.check()
        settings = from_environment()
        if settings.libvirt:
            raise LabError("Not with NOVAWEB_LAB_LIBVIRT=1: see --help.")
        if apt.missing(["strace"]):
            (settings.prefix / "log").mkdir(parents=True, exist_ok=True)
            apt.install(["strace"], log=settings.prefix / "log/apt-strace.log")
        reader = Reader(judge=judge(settings, dict(os.environ)))
        status = watch(command, reader)
    except (LabError, SettingsError) as error:
        complain(str(error))
        return getattr(error, "exit_status", 2)
    lines = report(reader.outside())
    for line in lines:
        print(line, flush=True)
    if lines:
        complain(f"{len(lines)} looks at files that are not ours, listed above.")
        return status or 1
    print("No file was opened or looked for that is not ours.", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
