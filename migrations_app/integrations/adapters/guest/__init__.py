"""A guest, as anybody on the network meets it: by ICMP echo, or by a TCP connection.

Nothing is sent but empty questions; nothing of the answers is kept but their time.
"""

from __future__ import annotations

from migrations_app.integrations.adapters.guest.icmp import Pinger
from migrations_app.integrations.adapters.guest.tcp import Caller

__all__ = ["Caller", "Pinger"]
