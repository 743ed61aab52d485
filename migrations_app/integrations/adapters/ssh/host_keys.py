"""Whom we believe to be a host, and with which key we come."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm

from migrations_app.errors import Refused
from migrations_app.integrations.adapters.ssh.config import Entry

# What a key of this kind signs with; SHA-1 is not offered any more.
ALGORITHMS = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256")}


@dataclass(frozen=True, slots=True)
class Known:
    """The keys of one host by known_hosts: kind, and Base64. ``revoked`` are never."""

    keys: frozenset[tuple[str, str]] = field(default_factory=frozenset)
    revoked: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    def algorithms(self, offered: Iterable[str]) -> tuple[str, ...]:
        """Return those of the algorithms offered that only the known keys can sign.

        A host has several keys; asked for another kind, it would show one that nobody
        wrote down.
        """
        wanted = {
            name for kind, _ in self.keys for name in ALGORITHMS.get(kind, (kind,))
        }
        return tuple(name for name in offered if name in wanted)

    def has(self, key: paramiko.PKey) -> bool:
        """Say whether it is one of the host's known keys, and not revoked."""
        shown = key.get_name(), key.get_base64()
        return shown in self.keys and shown not in self.revoked


def known(entry: Entry) -> Known:
    """Return what is known of the host's keys. Raises Refused when nothing is."""
    alias = entry.alias.lower()
    name = alias if entry.port == 22 else f"[{alias}]:{entry.port}"
    keys: set[tuple[str, str]] = set()
    revoked: set[tuple[str, str]] = set()
    for path in entry.known_hosts:
        for marker, names, kind, key in _lines(path):
            if _matches(name, names):
                if marker == "@revoked":
                    revoked.add((kind, key))
                elif not marker:
                    keys.add((kind, key))
    if not keys:
        raise Refused(
            f"The SSH key of {entry.at} is not known, so it was not entered: compare"
            f" what `ssh-keyscan -p {entry.port} {entry.address}` shows with the host's"
            f" own, and add it to {_files(entry)}."
        )
    return Known(frozenset(keys), frozenset(revoked))


def _lines(path: Path) -> Iterable[tuple[str, Sequence[str], str, str]]:
    """Yield marker, names, kind and key of each line of a known_hosts file."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return
    for line in text.splitlines():
        words = line.split()
        marker = words.pop(0) if words and words[0].startswith("@") else ""
        if len(words) >= 3 and not words[0].startswith("#"):
            yield marker, words[0].split(","), words[1], words[2]


def _matches(name: str, patterns: Sequence[str]) -> bool:
    """Say whether a line is about the name: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT."""
    if any(p.startswith("!") and fnmatchcase(name, _glob(p[1:])) for p in patterns):
        return False
    return any(
        _is_hash_of(pattern, name)
        if pattern.startswith("|1|")
        else fnmatchcase(name, _glob(pattern))
        for pattern in patterns
    )


def _glob(pattern: str) -> str:
    return pattern.lower().replace("[", "[[]")  # only * and ? mean anything here


def _is_hash_of(hashed: str, name: str) -> bool:
    try:
        return paramiko.HostKeys.hash_host(name, hashed) == hashed
    except (AssertionError, IndexError, ValueError):
        return False


def stranger(entry: Entry, key: paramiko.PKey | None) -> Refused:
    """Return the error for a host that shows another key than the known ones."""
    shown = f"shows the SSH key {key.fingerprint}" if key else "shows an SSH key"
    return Refused(
        f"{entry.at} {shown}, which is not the one in {_files(entry)}: the host was"
        " reinstalled, or something else answers in its place. Find out which before"
        " you correct the file; nothing was run."
    )


def _files(entry: Entry) -> str:
    return " or ".join(map(str, entry.known_hosts)) or "a UserKnownHostsFile"


def ours(entry: Entry) -> list[paramiko.PKey]:
    """Return our keys for the host, each with its certificate (-cert.pub) if it has.

    Raises Refused with a sentence about the last of them when none can be used.
    """
    found, why = [], ""
    for path in entry.keys:
        try:
            found.append(paramiko.PKey.from_path(path))
        except OSError as error:
            why = f"cannot be read ({error.strerror})"
        except (paramiko.PasswordRequiredException, TypeError):
            why = "has a passphrase, which nobody can type here: use one without"
        # what cryptography and paramiko raise over files that are no keys
        except (paramiko.SSHException, UnsupportedAlgorithm, LookupError, ValueError):
            why = "is no private key that novaweb understands"
    if not found:
        raise Refused(
            f"{entry.host} cannot be entered: the key {entry.keys[-1]} {why}. Correct"
            f" IdentityFile in {entry.config}, or the file."
        )
    return found
