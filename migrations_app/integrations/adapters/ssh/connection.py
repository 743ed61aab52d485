"""One open connection to a host: made strictly, within a deadline."""

from __future__ import annotations

import socket
import time
from collections.abc import Sequence
from contextlib import suppress

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from migrations_app.errors import Refused, Unreachable
from migrations_app.integrations.adapters.ssh import config, host_keys
from migrations_app.integrations.adapters.ssh.config import Entry

CONNECT = 10.0  # seconds, for each of: to connect, to agree on keys, to sign in
MOST_JUMPS = 4
KEEPALIVE = 10  # seconds
# After so many milliseconds without an acknowledgement the kernel gives a peer up.
UNACKNOWLEDGED = 20_000
LEFT_BEHIND: list[Line] = []


class Line:
    """A connection that is signed in, and the one through which it goes, if any.

    Who keeps it for others counts its ``users``, and says when it was last ``used``
    (time.monotonic()) and whether it is ``kept`` for more.
    """

    def __init__(
        self, entry: Entry, transport: paramiko.Transport, through: Line | None
    ) -> None:
        self.entry = entry
        self.transport = transport
        self.through = through
        self.users = 0
        self.used = time.monotonic()
        self.kept = True

    @property
    def alive(self) -> bool:
        return self.transport.is_active()

    def close(self) -> None:
        """Nothing of it is left, here; what runs on the host may go on."""
        self.transport.close()
        if self.through:
            self.through.close()

    def abandon(self) -> None:
        """Let go of it in a process that was forked: our parent still uses it.

        Its descriptor is closed here, and nothing is sent. The objects stay: ending
        them would send, too.
        """
        LEFT_BEHIND.append(self)
        first = self
        while first.through:
            first = first.through
        with suppress(OSError):
            first.transport.sock.close()


def connect(entry: Entry, deadline: float, depth: int = 0) -> Line:
    """Return a new connection to the host, who it is and who we are both proven.

    ``deadline`` is of time.monotonic(). Raises Unreachable or Refused.
    """
    known = host_keys.known(entry)
    own = host_keys.ours(entry)
    through = _way(entry, deadline, depth) if entry.jumps else None
    transport = None
    try:
        transport = paramiko.Transport(_socket(entry, through, deadline))
        _agree(entry, transport, known, deadline)
        _sign_in(entry, transport, own, deadline)
        transport.set_keepalive(KEEPALIVE)
    except BaseException:
        if transport:
            transport.close()
        if through:
            through.close()
        raise
    return Line(entry, transport, through)


def _way(entry: Entry, deadline: float, depth: int) -> Line:
    if depth >= MOST_JUMPS:
        raise Refused(
            f"{entry.host} cannot be entered: its ProxyJump in {entry.config} leads"
            f" through more than {MOST_JUMPS} hosts, or in a circle."
        )
    return connect(config.jump(entry), deadline, depth + 1)


def _socket(
    entry: Entry, through: Line | None, deadline: float
) -> socket.socket | paramiko.Channel:
    where = entry.address, entry.port
    try:
        if through:
            return through.transport.open_channel(
                "direct-tcpip", where, ("127.0.0.1", 0), timeout=_left(deadline)
            )
        found = socket.create_connection(where, timeout=_left(deadline))
    except socket.gaierror:
        raise Unreachable(
            f"{entry.host} cannot be reached: the name {entry.address} leads nowhere."
            f" Check HostName in {entry.config}, or the name servers."
        ) from None
    except ConnectionRefusedError:
        raise Unreachable(
            f"{entry.at} refuses the connection: look whether sshd runs there."
        ) from None
    except TimeoutError:
        raise silent(entry) from None
    except (OSError, paramiko.SSHException, EOFError) as error:
        raise Unreachable(
            f"{entry.at} cannot be reached ({_why(error)}): look whether it is up, and"
            " at the network between."
        ) from None
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED)
    return found


def _why(error: Exception) -> str:
    said = error.strerror if isinstance(error, OSError) else None
    return said or "no connection"


def _agree(
    entry: Entry, transport: paramiko.Transport, known: host_keys.Known, deadline: float
) -> None:
    """The host has shown the key that is known, and all is encrypted."""
    options = transport.get_security_options()
    algorithms = known.algorithms(options.key_types)
    if not algorithms:
        kinds = ", ".join(sorted(kind for kind, _ in known.keys))
        raise Refused(
            f"{entry.host} cannot be entered: known_hosts has only keys of it that"
            f" novaweb does not check ({kinds}). Add its ED25519, ECDSA or RSA key."
        )
    options.key_types = algorithms
    seconds = _left(deadline)
    transport.banner_timeout = transport.handshake_timeout = seconds
    try:
        transport.start_client(timeout=seconds)
        key = transport.get_remote_server_key()
    except IncompatiblePeer as error:
        if "host key" in str(error):  # it has none of the kinds that we asked for
            raise host_keys.stranger(entry, None) from None
        raise Refused(
            f"{entry.at} and novaweb have no cipher or key exchange in common: its sshd"
            " is too old, or allows too little."
        ) from None
    except (paramiko.SSHException, OSError, EOFError):
        raise silent(entry) from None
    if not known.has(key):
        raise host_keys.stranger(entry, key)


def _sign_in(
    entry: Entry,
    transport: paramiko.Transport,
    own: Sequence[paramiko.PKey],
    deadline: float,
) -> None:
    """The host has taken one of our keys for the account."""
    for key in own:
        transport.auth_timeout = _left(deadline)
        try:
            if not transport.auth_publickey(entry.user, key):
                return
        except paramiko.AuthenticationException:
            if not transport.is_active() or time.monotonic() >= deadline:
                raise silent(entry) from None
        except (paramiko.SSHException, OSError, EOFError):
            raise silent(entry) from None
    raise Refused(
        f"{entry.at} turns the account {entry.user} away: the public half of"
        f" {' or '.join(map(str, entry.keys))} must be in its authorized_keys, and be"
        " enough to sign in."
    )


def _left(deadline: float) -> float:
    return max(0.1, min(CONNECT, deadline - time.monotonic()))


def silent(entry: Entry) -> Unreachable:
    return Unreachable(
        f"{entry.at} does not answer over SSH, or hung up: look whether it is up, at"
        " its load and its sshd, and at the network between."
    )
