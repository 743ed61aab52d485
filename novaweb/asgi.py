"""The ASGI application: what uvicorn serves."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

from novaweb.request_bodies import bounded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "novaweb.settings")
application = bounded(get_asgi_application())

from migrations_app.audit import settings_changes  # noqa: E402 - needs the settings
from novaweb import garbage  # noqa: E402

garbage.collect_seldom()
settings_changes.compare_beside("web")
