"""The releases of OpenStack that a lab can be of, and all in which they differ here.

A release is called by the number of its Nova. The templates of lab/templates are the
same for all: a release passes over an option that it does not know (29.4.0 and 31.3.1:
graceful_shutdown_timeout).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PINS = Path(__file__).resolve().parent / "releases"


@dataclass(frozen=True, kw_only=True)
class Release:
    """What of a lab depends on its release."""

    nova: str  # the first part of its version
    series: str
    # Nova's services run in native threads; older ones know eventlet alone, and fall
    # back to it when OS_NOVA_DISABLE_EVENTLET_PATCHING is not set
    threads: bool = True
    # the newest Python for which all of its pinned versions are published; None: any
    newest_python: tuple[int, int] | None = None
    # what serves an API, where it is not the module wsgi.api of its package
    applications: Mapping[str, str] = field(default_factory=dict)

    @property
    def pins(self) -> Path:
        """The list of everything that is installed for it."""
        return PINS / f"{self.nova}.txt"

    @property
    def name(self) -> str:
        return f"Nova {self.nova} ({self.series})"

    def application(self, api: str) -> str:
        """Return MODULE:NAME, or MODULE:NAME() of a function that returns it."""
        usual = {"cinder-api": "cinder", "nova-api": "nova"}.get(api, api)
        return self.applications.get(api, f"{usual}.wsgi.api:application")


# In 2025.1 every API got a module for WSGI servers (e.g. keystone 27.0.0,
# keystone/wsgi/api.py); before, a script of the package called a function.
_OSAPI = {"nova-api": "nova.wsgi.osapi_compute:application"}
_BEFORE_WSGI_MODULES = {
    "keystone": "keystone.server.wsgi:initialize_public_application()",
    "placement": "placement.wsgi:init_application()",
    "glance": "glance.common.wsgi_app:init_app()",
    # neutron-api would turn all threads into eventlet's: lab/inside/neutron_2024_1.py
    "neutron": "neutron_2024_1:application",
    "cinder-api": "cinder.wsgi.wsgi:initialize_application()",
    "nova-api": "nova.api.openstack.compute.wsgi:init_application()",
}
RELEASES = {
    release.nova: release
    for release in (
        Release(
            nova="29",
            series="2024.1",
            threads=False,
            newest_python=(3, 12),  # greenlet 3.0.3
            applications=_BEFORE_WSGI_MODULES,
        ),
        Release(
            nova="31",
            series="2025.1",
            threads=False,
            newest_python=(3, 13),
            applications=_OSAPI,
        ),
        Release(nova="33", series="2026.1", newest_python=(3, 13), applications=_OSAPI),
        Release(nova="34", series="2026.2", applications=_OSAPI),
    )
}
NEWEST = "34"
