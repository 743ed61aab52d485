"""The heartbeat of leases: one thread a process that renews all that it holds.

A neighbour may take longer to answer than a lease lasts. While this process lives its
leases are renewed; when it is killed the thread ends with it, and the leases lapse.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from django.conf import settings
from django.db import Error, close_old_connections, connection

from migrations_app.errors import LostLease
from migrations_app.models.lease import Lease

log = structlog.get_logger(__name__)


_leases: dict[str, Lease[Any]] = {}
_lock = threading.Lock()
_timer = threading.Event()
_thread: threading.Thread | None = None


@contextmanager
def kept_alive(lease: Lease[Any]) -> Iterator[None]:
    """Keep the lease renewed for as long as the block lasts."""
    global _thread
    with _lock:
        _leases[lease.token] = lease
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_beat, name="heart", daemon=True)
            _thread.start()
    try:
        yield
    finally:
        with _lock:
            _leases.pop(lease.token, None)


def _beat() -> None:
    while True:
        _timer.wait(settings.NOVAWEB_LEASE / 3)
        with _lock:
            held = list(_leases.values())
        if held:
            _renew(held)


def _renew(held: list[Lease[Any]]) -> None:
    """Renew each; one that fails keeps no other one from it."""
    close_old_connections()
    for lease in held:
        try:
            # its walk meets that at its next write
            with suppress(LostLease):
                lease.renew()
        except Error as error:
            # the walk itself will meet the same trouble and say so
            log.warning("lease not renewed", reason=str(error))
            connection.close()
        except Exception:
            # a heartbeat that stopped would hand every long request to a second worker
            log.exception("lease not renewed")
