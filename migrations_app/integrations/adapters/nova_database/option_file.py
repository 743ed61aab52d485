"""How the database is entered: a MySQL option file, its group ``client``."""

from __future__ import annotations

import configparser
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pymysql.optionfile import Parser

from migrations_app.errors import Refused

GROUP = "client"
DATABASE = "nova"
PORT = 3306
# Any of them asks for TLS, and TLS is with a verified certificate or not at all.
TLS = ("ssl-ca", "ssl-capath", "ssl-cert", "ssl-key", "ssl-verify-server-cert", "ssl")


def read(path: Path) -> dict[str, Any]:
    """Return the arguments of pymysql.connect that the file stands for.

    Raises Refused when it cannot be read, or names what cannot be read.
    """
    parser = Parser(strict=False)
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
        given = {
            # PyMySQL's takes the quotes off, and fails where there is no value
            key: parser.get(GROUP, key) if value else ""
            for key, value in parser.items(GROUP, raw=True)
        }
        port = int(given.get("port") or PORT)
    except OSError as error:
        raise Refused(
            f"Nova's database cannot be entered: {path} cannot be read"
            f" ({error.strerror}). Put it there for the account that runs novaweb, or"
            " correct NOVAWEB_NOVA_DB."
        ) from None
    except (configparser.Error, ValueError):
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


def _verified(given: Mapping[str, str | None], path: Path) -> ssl.SSLContext:
    """Return what asks for a certificate of the very host, by ssl-ca or the system."""
    try:
        context = ssl.create_default_context(
            cafile=given.get("ssl-ca"), capath=given.get("ssl-capath")
        )
        if given.get("ssl-cert"):
            context.load_cert_chain(str(given["ssl-cert"]), given.get("ssl-key"))
    except OSError as error:  # ssl.SSLError is one
        raise Refused(
            f"Nova's database cannot be entered: a certificate or key that {path} names"
            f" cannot be used ({error.strerror or 'it is none'})."
        ) from None
    return context
