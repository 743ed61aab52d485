"""The file of signatures, outside the database: read, verified once, appended to."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from migrations_app.audit.chain_check import Signed
from migrations_app.audit.signing_key import require_good
from migrations_app.errors import Unfit

_KINDS: dict[str, type] = {
    **dict.fromkeys(("at", "key", "digest", "signature"), str),
    **dict.fromkeys(("count", "entry"), int),
}
# A line has less than 500 bytes.
_TAIL = 4096


@dataclass(frozen=True, slots=True)
class Known:
    """The part of a file that was verified: its size in bytes, and its SHA-256."""

    size: int = 0
    sha256: str = ""


def lines(path: Path, public: Ed25519PublicKey) -> list[dict[str, Any]]:
    """Return every line; each has a good signature of that key. Raises Unfit."""
    return news(path, public, Known())[0]


def news(
    path: Path, public: Ed25519PublicKey, known: Known
) -> tuple[list[dict[str, Any]], Known]:
    """Return the lines behind the known part, verified, and what is known now.

    Of the known part only the SHA-256 is taken again. Raises Unfit where it was changed
    or cut, for a line that is not good, and for a file that cannot be read; one that is
    not there has no lines.
    """
    try:
        with path.open("rb") as file:
            digest = _digest_of(file, known.size)
            rest = file.read()
    except FileNotFoundError:
        digest, rest = None, b""
    except OSError as error:
        raise Unfit(f"The signed digests {path} cannot be read: {error}.") from error
    if known.size and (digest is None or digest.hexdigest() != known.sha256):
        raise Unfit(
            f"The signed digests {path} were changed or cut: they no longer begin with"
            " what was verified there. Compare them with the copies that you keep."
        )
    found = []
    for number, text in enumerate(rest.splitlines(), 1):
        where = f"Line {number} of {path}"
        if known.size:
            where = f"Line {number} after byte {known.size} of {path}"
        line = _parsed(text, where)
        require_good(line, public, where)
        found.append(line)
    digest = digest or hashlib.sha256()
    digest.update(rest)
    return found, Known(known.size + len(rest), digest.hexdigest())


def _digest_of(file: BinaryIO, size: int) -> Any:
    """Return the SHA-256 of the first bytes; None where there are fewer."""
    digest = hashlib.sha256()
    while size:
        part = file.read(min(size, 1 << 20))
        if not part:
            return None
        digest.update(part)
        size -= len(part)
    return digest


def last_line(file: BinaryIO, public: Ed25519PublicKey) -> dict[str, Any] | None:
    """Return the last line, verified, without reading the others; None: none yet.

    Raises Unfit.
    """
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _TAIL))
    found = file.read().splitlines()
    if not found:
        return None
    where = f"The last line of {file.name}"
    line = _parsed(found[-1], where)
    require_good(line, public, where)
    return line


def append(file: BinaryIO, line: dict[str, Any]) -> str:
    """Write the line at the end, synced to disk; return its text. Raises OSError."""
    text = json.dumps(line)
    new = file.seek(0, os.SEEK_END) == 0
    file.write(text.encode() + b"\n")
    file.flush()
    os.fsync(file.fileno())
    if new:
        folder = os.open(Path(file.name).parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return text


def places(found: Iterable[dict[str, Any]]) -> list[Signed]:
    """Return the positions in the chain that these lines sign."""
    return [Signed(x["at"], x["count"], x["entry"], x["digest"]) for x in found]


def _parsed(text: bytes, where: str) -> dict[str, Any]:
    try:
        line: dict[str, Any] = json.loads(text)
        if not all(type(line[name]) is kind for name, kind in _KINDS.items()):
            raise ValueError(line)
    except (ValueError, KeyError, TypeError) as error:
        raise Unfit(f"{where} cannot be read.") from error
    return line
