"""The commands ``openstack move …``, on novaweb's HTTP API alone."""

from __future__ import annotations
