"""One command over a connection: its text goes in, its output comes out, in time."""

from __future__ import annotations

import secrets
import select
import threading
import time

import paramiko

from migrations_app.errors import Blocked, Refused, Unreachable
from migrations_app.integrations.adapters.ssh.connection import Line
from migrations_app.integrations.interfaces import Command

MOST_OUTPUT = 4 * 1024 * 1024  # bytes
MOST_ERRORS = 64 * 1024  # bytes of standard error that are kept: the last
LONGEST = 400  # characters of a line that a host wrote
OPENING = 5.0  # seconds until a connection that lay idle counts as broken
AGAIN = 0.1  # seconds until a host with too many sessions is asked again
GRACE = 2.0  # seconds after its deadline until a command loses its connection
# What paramiko 5.1.0 says (transport.py, open_channel) where the host has refused to
# open a channel, and another thread, refused at the same time, has taken the reason:
# the connection keeps one for all of them.
REFUSED = "Unable to open channel."


class _TooMany(Exception):
    """The host opens no further session on this connection just now."""


class NotBegun(Exception):
    """The connection broke before the host had the command: it has not run."""


def say(line: Line, command: Command, deadline: float, *, opening: float) -> str:
    """Return the standard output of the command, run by root's POSIX shell there.

    ``opening`` is how many seconds the host may take to open a session for it.
    Raises NotBegun, and what interfaces.Hosts.run does.
    """
    # Should the library itself wait for ever, its connection is taken from it.
    watch = threading.Timer(
        max(0.0, deadline - time.monotonic()) + GRACE, line.transport.close
    )
    watch.daemon = True
    watch.start()
    try:
        return _Talk(line, command, deadline, opening).run()
    finally:
        watch.cancel()


class _Talk:
    def __init__(
        self, line: Line, command: Command, deadline: float, opening: float
    ) -> None:
        self.line = line
        self.host = line.entry.host
        self.command = command
        self.deadline = deadline
        self.opening = opening
        self.mark = f"novaweb-{secrets.token_hex(8)}\n".encode()
        self.out = bytearray()
        self.errors = bytearray()

    def run(self) -> str:
        channel = self._open()
        try:
            self._send(channel)
            self._listen(channel)
            return self._verdict(channel.exit_status)
        finally:
            channel.close()

    def _open(self) -> paramiko.Channel:
        """Open a session; while the host has too many, wait for one of them to end.

        An sshd counts a session until it has reaped its process, which on a busy host
        is after its channel was closed.
        """
        while True:
            try:
                return self._session()
            except _TooMany:
                if self.deadline - time.monotonic() < AGAIN:
                    raise Unreachable(
                        f"{self.host} opens no further session: too many commands run"
                        " there at once (MaxSessions of its sshd)."
                    ) from None
                time.sleep(AGAIN)

    def _session(self) -> paramiko.Channel:
        left = self.deadline - time.monotonic()
        sudo = "" if self.line.entry.user == "root" else "sudo -n "
        channel = None
        try:
            channel = self.line.transport.open_session(
                timeout=max(0.1, min(self.opening, left))
            )
            # What is run goes to the shell's standard input. In its arguments,
            # everybody on the host could read it.
            channel.exec_command(f"{sudo}sh -eu -s")
        except paramiko.ChannelException:
            raise _TooMany from None
        except (paramiko.SSHException, OSError, EOFError) as error:
            if channel is not None:
                channel.close()
            if str(error) == REFUSED and self.line.transport.is_active():
                raise _TooMany from None
            raise NotBegun from None
        return channel

    def script(self) -> bytes:
        """Return what the shell reads.

        In braces, a shell reads all before it runs any: half a script runs nothing,
        and no command in it can swallow the rest. The mark tells what the command
        wrote from what the account's login did before.
        """
        return (
            b"printf %s\\\\n "
            + self.mark
            + b"PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C\n"
            + b"export PATH LC_ALL\n{\n"
            + self.command.text.encode()
            + b"\n} </dev/null\n"
        )

    def _send(self, channel: paramiko.Channel) -> None:
        channel.settimeout(max(0.1, self.deadline - time.monotonic()))
        try:
            channel.sendall(self.script())
            channel.shutdown_write()
        except TimeoutError:
            raise self._late() from None
        except (OSError, EOFError, paramiko.SSHException):
            # A shell that ended at once says why in its errors: sudo does.
            if not self.line.alive:
                raise self._cut() from None

    def _listen(self, channel: paramiko.Channel) -> None:
        """All output has come, and the command has ended."""
        waiting = select.poll()
        waiting.register(channel.fileno(), select.POLLIN)
        over = False
        while not over:
            # seen before the last output is taken, not after
            over = bool(channel.eof_received or channel.closed)
            while channel.recv_ready():
                self._take(channel.recv(65536))
            while channel.recv_stderr_ready():
                self.errors += channel.recv_stderr(65536)
                del self.errors[:-MOST_ERRORS]
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise self._late()
            if not over:
                waiting.poll(1000 * min(left, 1.0))
        # the status may come after the last output
        if not channel.status_event.wait(max(0.0, self.deadline - time.monotonic())):
            raise self._late()

    def _take(self, some: bytes) -> None:
        self.out += some
        if len(self.out) > MOST_OUTPUT:
            raise Blocked(
                f"{self.command.name} on {self.host} wrote more than"
                f" {MOST_OUTPUT // 1024 // 1024} MiB, which no answer is: it was cut"
                " off there. Look what it does on that host."
            )

    def _verdict(self, status: int) -> str:
        begun, mark, answer = bytes(self.out).partition(self.mark)
        if status == 0 and mark:
            return answer.decode(errors="replace")
        if status < 0:
            raise self._cut()
        said = answer if mark else begun
        last = _last_line(self.errors) or _last_line(said) or "it did not say why."
        if not mark:
            raise Refused(
                f"{self.host} does not let {self.line.entry.user} run commands as root:"
                f" {last} The account must be root, or have NOPASSWD for sh in sudoers."
            )
        raise Blocked(
            f"{self.command.name} failed on {self.host} with status {status}: {last}"
        )

    def _late(self) -> Unreachable:
        return Unreachable(
            f"{self.command.name} did not end in time on {self.host}; it may have run,"
            " or run still. Look at that host's load and disks."
        )

    def _cut(self) -> Unreachable:
        if self.line.alive:
            return Unreachable(
                f"{self.command.name} was killed on {self.host}; it may have run in"
                " part. Look whether that host is going down, or out of memory."
            )
        return Unreachable(
            f"{self.host} went away while {self.command.name} ran there; it may have"
            " run. Look whether the host is up."
        )


def _last_line(text: bytes | bytearray) -> str:
    """Return the last line that says anything, as a sentence's end, printable."""
    lines = [
        "".join(c for c in line if c.isprintable()).strip()
        for line in bytes(text).decode(errors="replace").splitlines()
    ]
    said = next((line for line in reversed(lines) if line), "")
    if len(said) > LONGEST:
        said = said[:LONGEST] + "…"
    return said if not said or said[-1] in ".!?…" else said + "."
