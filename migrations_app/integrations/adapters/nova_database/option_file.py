"""How the database is entered: a MySQL option file, its group ``client``.

It is read as MariaDB's and MySQL's own clients do (mysys/my_default.c): what follows a
# outside of quotes is a comment, and a backslash says what comes next. PyMySQL 1.2.4
keeps both in the value, and reads no included file (optionfile.py): one that includes
others is refused here.
"""

from __future__ import annotations

import configparser
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pymysql.optionfile import Parser

from migrations_app.errors import Refused

GROUP = "client"
DATABASE = "nova"
PORT = 3306
QUOTES = "'\""
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPES = {
    **{"n": "\n", "t": "\t", "r": "\r", "b": "\b", "s": " "},
    **{"\\": "\\", "'": "'", '"': '"'},
}
# Any of them asks for TLS, and TLS is with a verified certificate or not at all.
TLS = (
    *("ssl-ca", "ssl-capath", "ssl-cert", "ssl-key", "ssl-crl"),
    *("ssl-verify-server-cert", "ssl"),
)


def read(path: Path) -> dict[str, Any]:
    """Return the arguments of pymysql.connect that the file stands for.

    Raises Refused when it cannot be read, or names what cannot be read.
    """
    parser = Parser(strict=False)
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
        pairs = [
            (key, value or "")
            for group in parser.sections()
            for key, value in parser.items(group, raw=True)
        ]
        if any(key.startswith("!include") for key, _ in pairs):
            raise Refused(
                f"Nova's database cannot be entered: {path} includes other files, which"
                " novaweb does not read. Write what is needed into this one."
            )
        given = {
            key: value_of(value or "") for key, value in parser.items(GROUP, raw=True)
        }
        port = int(given.get("port") or PORT)
    except OSError as error:
        raise Refused(
            f"Nova's database cannot be entered: {path} cannot be read"
            f" ({error.strerror}). Put it there for the account that runs novaweb, or"
            " correct NOVAWEB_NOVA_DB."
        ) from None
    except (configparser.Error, UnicodeError, ValueError):
        # its own words would repeat lines of the file, and one of them is a password
        raise Refused(
            f"Nova's database cannot be entered: {path} is not a MySQL option file with"
            f" a group [{GROUP}] that novaweb understands."
        ) from None
    arguments = {
        "host": given.get("host") or "localhost",
        "port": port,
        "user": given.get("user") or "",
        "password": (given.get("password") or "").encode(),
        "database": given.get("database") or DATABASE,
        "unix_socket": given.get("socket"),
    }
    if "skip-ssl" in given:
        arguments["ssl_disabled"] = True
    elif any(key in given for key in TLS):
        arguments["ssl"] = _verified(given, path)
    return arguments


def value_of(text: str) -> str:
    """Return a value as the clients of MariaDB and MySQL take it.

    Raises ValueError for one that goes on in the next line, which theirs never do.
    """
    if "\n" in text:
        raise ValueError
    text = _without_comment(text).strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in QUOTES:
        text = text[1:-1]
    return ESCAPE.sub(lambda found: ESCAPES.get(found[1], found[0]), text)


def _without_comment(text: str) -> str:
    quote, escaped = "", False
    for place, char in enumerate(text):
        if char in QUOTES and not escaped:
            quote = char if not quote else "" if quote == char else quote
        if char == "#" and not quote:
            return text[:place]
        escaped = bool(quote) and char == "\\" and not escaped
    return text


def _verified(given: Mapping[str, str | None], path: Path) -> ssl.SSLContext:
    """Return what asks for a certificate of the very host, by ssl-ca or the system.

    One that ssl-crl names, or whose authority has no list there, is refused.
    """
    try:
        context = ssl.create_default_context(
            cafile=given.get("ssl-ca"), capath=given.get("ssl-capath")
        )
        if given.get("ssl-cert"):
            context.load_cert_chain(str(given["ssl-cert"]), given.get("ssl-key"))
        if given.get("ssl-crl"):
            context.load_verify_locations(str(given["ssl-crl"]))
            context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
    except OSError as error:  # ssl.SSLError is one
        raise Refused(
            f"Nova's database cannot be entered: a certificate or key that {path} names"
            f" cannot be used ({error.strerror or 'it is none'})."
        ) from None
    return context
