"""A real OpenStack cloud, over openstacksdk's configuration and keystoneauth.

``session`` signs in and speaks HTTP, ``errors`` turns every answer that is not a good
one into our errors, ``parsing`` turns the good ones into our words, ``placement``
knows what hosts have, and ``cloud`` is ``interfaces.Cloud``.
"""

from __future__ import annotations

from migrations_app.integrations.adapters.openstack.cloud import OpenStackCloud
from migrations_app.integrations.adapters.openstack.cloud_settings import unsafe
from migrations_app.integrations.adapters.openstack.credentials import (
    is_application_credential,
)

__all__ = ["OpenStackCloud", "is_application_credential", "unsafe"]
