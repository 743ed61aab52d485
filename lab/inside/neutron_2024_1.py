"""Neutron's API of 2024.1 in native threads, as later releases have it themselves.

Its own script begins with eventlet's patches (neutron 24.2.2, neutron/cmd/eventlet),
under which waitress finds no select.poll.
"""

from __future__ import annotations

from neutron import server
from neutron.server import api_eventlet

application = server.boot_server(api_eventlet.eventlet_api_server)
