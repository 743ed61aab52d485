"""Access rules for an application credential: what novaweb asks, and nothing else.

Keystone keeps them, and the middleware of each service holds them (keystonemiddleware
13.0.1, auth_token/__init__.py, validate_allowed_request): ``**`` is any text, ``*`` one
part of a path. A path begins with a slash (keystone 30.0.0,
application_credential/schema.py).
"""

from __future__ import annotations

import json

from security.openstack_calls import calls

# The types that a catalogue may have for the service, and what may stand before a path:
# a version, or the name under which a web server has the service. Placement has none.
TYPES = {
    "identity": ("identity",),
    "compute": ("compute",),
    "placement": ("placement",),
    "network": ("network",),
    "image": ("image",),
    "block-storage": ("block-storage", "volumev3"),
}
BEFORE = {"placement": ("", "/**")}
ELSE_BEFORE = ("/**",)


def rules() -> list[dict[str, str]]:
    """Return the rules, in the order of services, paths and methods."""
    return [
        {"service": kind, "method": method, "path": before + path}
        for service, method, path in sorted(
            calls(), key=lambda it: (it[0], it[2], it[1])
        )
        for kind in TYPES[service]
        for before in BEFORE.get(service, ELSE_BEFORE)
    ]


def page() -> str:
    """Return deploy/access_rules.json."""
    lines = ",\n".join(f"  {json.dumps(rule)}" for rule in rules())
    return f"[\n{lines}\n]\n"
