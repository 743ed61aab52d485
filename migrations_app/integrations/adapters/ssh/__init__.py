"""The compute hosts of a cloud, over SSH.

Strict, whatever the configuration says: a host's key must be in a known_hosts file,
and ours must be a key file that the configuration names. No agent, no password, no
key that happens to lie in a home.
"""

from __future__ import annotations

from migrations_app.integrations.adapters.ssh.pool import SshHosts

__all__ = ["SshHosts"]
