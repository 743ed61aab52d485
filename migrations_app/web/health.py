"""Endpoints for monitoring: /healthz, /readyz and /metrics."""

from __future__ import annotations

import hmac
from collections.abc import Callable

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from migrations_app.runs import queries as run_queries
from migrations_app.runs import wakeup
from migrations_app.web import metrics

REDIS_PATIENCE = 2.0  # seconds


@require_safe
@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Report that this process is alive, without queries, for process supervisors."""
    return HttpResponse("alive\n", content_type="text/plain")


@require_safe
@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """Report for each part whether moves can run, and the error if not.

    The status is 503 if the database or a worker is missing. Without Redis moves run
    with a delay of some seconds, so Redis is reported but does not cause 503.
    """
    troubles: dict[str, str] = {}
    for name, trouble_with in _PARTS.items():
        if troubles.get("database"):
            troubles[name] = "Not checked, because the database does not answer."
        else:
            troubles[name] = trouble_with()
    ready = not any(trouble for name, trouble in troubles.items() if name != "redis")
    parts = {name: trouble or "ok" for name, trouble in troubles.items()}
    return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
    except DatabaseError:
        return "The database does not answer."
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return "The database lacks tables or columns: run “manage.py migrate”."
    return ""


def _redis() -> str:
    try:
        with redis.Redis.from_url(
            settings.NOVAWEB_REDIS_URL,
            socket_timeout=REDIS_PATIENCE,
            socket_connect_timeout=REDIS_PATIENCE,
        ) as client:
            client.ping()
    except (redis.RedisError, *wakeup.NO_ADDRESS):
        return "Redis does not answer; runs go on, but may be some seconds late."
    return ""


_PARTS: dict[str, Callable[[], str]] = {
    "database": _database,
    "worker": run_queries.worker_trouble,
    "redis": _redis,
}


@require_safe
@login_not_required
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Return the metrics to callers with NOVAWEB_METRICS_TOKEN as bearer token."""
    token = settings.NOVAWEB_METRICS_TOKEN
    given = request.headers.get("Authorization", "")
    if not token or not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        return HttpResponse(
            "Send the token that NOVAWEB_METRICS_TOKEN holds, as “Authorization:"
            " Bearer …”. While that setting is empty, nobody may read the metrics.\n",
            status=403,
            content_type="text/plain; charset=utf-8",
        )
    response: HttpResponse = ExportToDjangoView(request)
    response.content += metrics.page()
    return response
