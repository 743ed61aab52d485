"""The WSGI application, for servers that know no ASGI (streams then poll)."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

from novaweb.request_bodies import bounded_wsgi

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "novaweb.settings")
application = bounded_wsgi(get_wsgi_application())

from migrations_app.audit import settings_changes  # noqa: E402 - needs the settings
from novaweb import garbage  # noqa: E402

garbage.collect_seldom()
settings_changes.compare_beside("web")
