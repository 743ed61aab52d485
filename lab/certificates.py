"""The certificate of a lab's MariaDB, and the authority that vouches for it."""

from __future__ import annotations

import shutil
from pathlib import Path

from lab import render
from lab.progress import run
from lab.settings import Settings

DAYS = "3650"


def prepare(settings: Settings) -> None:
    """What the layout's MariaDB shows exists: made once for an address, and kept."""
    if not settings.laid_out.tls_database or certificate(settings).exists():
        return
    authority = render.database_ca(settings)
    options = authority.with_name("openssl.cnf")
    render.write(options, render.fill("openssl.cnf", render.values(settings)))
    _make(options, "authority", authority)
    by = ("-CA", authority, "-CAkey", authority.with_suffix(".key"))
    _make(options, "server", certificate(settings), *by)
    # MariaDB's account, and no other
    shutil.chown(certificate(settings).with_suffix(".key"), "mysql", "mysql")


def certificate(settings: Settings) -> Path:
    """Return where the certificate of this address is; its key is beside it."""
    return render.database_ca(settings).with_name(f"{settings.address}.pem")


def _make(options: Path, kind: str, path: Path, *by: str | Path) -> None:
    key = path.with_suffix(".key")
    render.write(key, "")  # for nobody else from its first moment on
    run(
        [
            *("openssl", "req", "-x509", "-config", options, "-extensions", kind),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc"),
            *("-days", DAYS, "-keyout", key, "-out", path, *by),
        ]
    )
    path.chmod(0o644)
