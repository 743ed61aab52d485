"""TLS of the connections that novaweb opens: whose certificates are believed no more.

OpenSSL asks nobody whether a certificate was revoked: it looks into lists (CRLs) that
it is given, and refuses whose authority has none there, or one that is over.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3.util.ssl_ import create_urllib3_context

from migrations_app.errors import Unreachable


def context(crl: str = "") -> ssl.SSLContext:
    """Return what asks for a trusted certificate of that very host, by TLS 1.2 or more.

    ``crl``: the file of revoked certificates that is looked into; empty: none is.
    Raises Unreachable where it cannot be read.
    """
    made = ssl.create_default_context()
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if crl:
        look_into(made, crl)
    return made


def look_into(made: ssl.SSLContext, crl: str) -> None:
    """Have the context refuse certificates that the file names, as it is now.

    Raises Unreachable where it cannot be read: it may be written just now.
    """
    try:
        made.load_verify_locations(crl)
    except OSError as error:  # ssl.SSLError is one
        why = error.strerror or type(error).__name__
        raise Unreachable(
            f"The list of revoked certificates {crl} cannot be read ({why}): put a PEM"
            " file there, or correct NOVAWEB_TLS_CRL."
        ) from None
    made.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF


class LooksIntoCrl(HTTPAdapter):
    """Connections of ``requests``, none of them to a server whose certificate ended.

    The file is read again when another one has taken its place: of two lists of one
    authority OpenSSL takes the newer (crypto/x509/x509_vfy.c, get_crl_sk). Whom else to
    believe is said to ``requests``, as always.
    """

    def __init__(self, crl: str, **options: Any) -> None:
        self._crl, self._read = crl, 0
        self._context = create_urllib3_context(
            ssl_minimum_version=ssl.TLSVersion.TLSv1_2
        )
        self._look()
        super().__init__(**options)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make the pool of connections, with what looks into the list."""
        super().init_poolmanager(*args, **{**options, "ssl_context": self._context})

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        """Send it. Raises Unreachable where the list cannot be read."""
        self._look()
        return super().send(request, *args, **options)

    def _look(self) -> None:
        try:
            changed = Path(self._crl).stat().st_mtime_ns
        except OSError:
            changed = 0
        if not changed or changed != self._read:
            look_into(self._context, self._crl)
            self._read = changed
