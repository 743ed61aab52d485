"""How one host is entered, by an OpenSSH client configuration (ssh_config(5))."""

from __future__ import annotations

import getpass
import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

import paramiko

from migrations_app.errors import Refused
from migrations_app.integrations.interfaces import names

DEFAULT_KNOWN_HOSTS = "~/.ssh/known_hosts /etc/ssh/ssh_known_hosts"
# What OpenSSH would do and we do not: silence would lead elsewhere than ssh(1) goes.
UNREAD = {"include": "Include", "proxycommand": "ProxyCommand"}
# What Match may ask, and whether a word follows. paramiko runs the command of "exec",
# and takes what it does not know, a capital letter is enough, for fulfilled.
CRITERIA = {
    **dict.fromkeys(("all", "canonical", "final"), False),
    **dict.fromkeys(("host", "originalhost", "user", "localuser"), True),
}
LINE = re.compile(r"(\w+)(?:\s*=\s*|\s+)(.+)")
# a word that begins with # ends the line, unless it is in quotes
COMMENT = re.compile(r"^((?:[^\"#]|\"[^\"]*\"|(?<=\S)#)*)(?<=\s)#.*$")
TOKEN = re.compile("%[A-Za-z]")
JUMP = re.compile(r"(?:(?P<user>[^@]+)@)?(?P<host>\[[^]]+\]|[^:]+)(?::(?P<port>\d+))?")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the configuration says of one host. ``alias`` is its name in known_hosts."""

    config: Path
    host: str
    address: str
    port: int
    user: str
    keys: tuple[Path, ...]
    known_hosts: tuple[Path, ...]
    alias: str
    jumps: tuple[str, ...] = ()

    @property
    def at(self) -> str:
        """Where it is, as a person reads it."""
        return f"{self.host} ({self.address}, port {self.port})"


def read(config: Path, host: str) -> Entry:
    """Return how the host is entered. Raises Refused when the file does not say."""
    if not names.is_address(host):
        raise Refused(f"{ascii(host)[:80]} is no name of a host, and is not entered.")
    try:
        text = config.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(
            f"{host} cannot be entered: the SSH configuration {config} cannot be read"
            f" ({_why(error)}). Put it there for the account that runs novaweb, or"
            " correct NOVAWEB_SSH."
        ) from None
    said = [
        (match[1].lower(), match[2]) for match in map(LINE.match, _lines(text)) if match
    ]
    if not all(_runs_nothing(value) for word, value in said if word == "match"):
        raise Refused(
            f"{host} cannot be entered: {config} has a Match that asks for more than"
            f" {', '.join(CRITERIA)}, written small. Such a line is not followed, and"
            " no command of one is run: name the hosts in it."
        )
    try:
        found = paramiko.SSHConfig.from_text("\n".join(_lines(text))).lookup(host)
        entry = Entry(
            config=config,
            host=host,
            address=found["hostname"],
            port=int(found.get("port", 22)),
            user=found.get("user") or getpass.getuser(),
            keys=tuple(Path(name) for name in found.get("identityfile", ())),
            known_hosts=_paths(found.get("userknownhostsfile", DEFAULT_KNOWN_HOSTS)),
            alias=found.get("hostkeyalias") or found["hostname"],
            jumps=_jumps(found.get("proxyjump"), host, found["hostname"]),
        )
    except (paramiko.SSHException, LookupError, OSError, ValueError):
        raise Refused(
            f"{host} cannot be entered: {config} is not an OpenSSH client configuration"
            f" that novaweb understands. Compare it with `ssh -F {config} -G {host}`."
        ) from None
    for word, _ in said:
        if word in UNREAD and found.get(word, "") is not None:
            raise Refused(
                f"{host} cannot be entered: {config} uses {UNREAD[word]}, which novaweb"
                " does not follow. Write all into that one file, with ProxyJump where a"
                " host is behind another."
            )
    _require_whole(host, entry)
    if not entry.keys:
        raise Refused(
            f"{host} cannot be entered: {config} names no IdentityFile for it. Add the"
            " key that novaweb is to use; an agent or a default key is never used."
        )
    return entry


def jump(entry: Entry) -> Entry:
    """Return the entry of the last host on the way, which has the others before it."""
    *before, last = entry.jumps
    found = JUMP.fullmatch(last)
    if found is None:
        raise Refused(f"{entry.host} cannot be entered: its ProxyJump is unreadable.")
    hop = read(entry.config, found["host"].strip("[]"))
    return replace(
        hop,
        user=found["user"] or hop.user,
        port=int(found["port"] or hop.port),
        jumps=tuple(before) or hop.jumps,
    )


def _lines(text: str) -> list[str]:
    """Return the lines without what OpenSSH takes for a comment behind a value.

    paramiko 5.1 takes it for a part of the value: ``User one # of rack 2``.
    """
    return [COMMENT.sub(r"\1", line).strip() for line in text.split("\n")]


def _require_whole(host: str, entry: Entry) -> None:
    """Raise Refused if a token is left that OpenSSH would fill in, and paramiko not."""
    texts = [entry.address, entry.user, *map(str, (*entry.keys, *entry.known_hosts))]
    if left := [text for text in texts if TOKEN.search(text)]:
        raise Refused(
            f"{host} cannot be entered: {entry.config} has {left[0]}, with a % that"
            " novaweb does not fill in. Write there what it stands for."
        )


def _runs_nothing(asked: str) -> bool:
    """Tell whether a Match asks only what is in ``CRITERIA``."""
    try:
        words = shlex.split(asked)
    except ValueError:
        return False
    while words:
        more = CRITERIA.get(words.pop(0).removeprefix("!"))
        if more is None or (more and not words):
            return False
        if more:
            words.pop(0)
    return True


def _jumps(text: str | None, *itself: str) -> tuple[str, ...]:
    """Return the jumps; none for a host that is its own, as with ``Host *``."""
    jumps = () if text in {None, "none"} else tuple(str(text).split(","))
    named = {match["host"] for one in jumps if (match := JUMP.fullmatch(one))}
    return () if named & set(itself) else jumps


def _paths(text: str) -> tuple[Path, ...]:
    names = () if text.lower() == "none" else text.split()
    return tuple(Path(name).expanduser() for name in names)


def _why(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "?" if isinstance(error, OSError) else "it is not text"
