"""A real OpenStack cloud, over openstacksdk's configuration and keystoneauth.

``wire`` signs in and speaks HTTP, ``verdict`` turns every answer that is not a good
one into our errors, ``values`` turns the good ones into our words, ``placement``
knows what hosts have, and ``cloud`` is ``ports.Cloud``.
"""

from __future__ import annotations

from migrations_app.adapters.openstack.cloud import OpenStackCloud

__all__ = ["OpenStackCloud"]
