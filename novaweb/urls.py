"""Every address of the site, by subject."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from migrations_app.web import api_docs, health, icon
from migrations_app.web.accounts import sign_in
from novaweb import queues

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("favicon.ico", icon.favicon),
    path("metrics", health.metrics_page, name="metrics"),
    # what everybody does in one place: the admin has pages of its own for it
    path("admin/login/", sign_in.admin_sign_in),
    path("admin/password_change/", RedirectView.as_view(pattern_name="password")),
    path("admin/", admin.site.urls),
    path("django-rq/", include((queues.patterns(), "django_rq"))),
    path("api/", api_docs.api_docs, name="api-docs"),
    path("api/", include("migrations_app.api.urls")),
    path("", include("migrations_app.web.urls")),
]
