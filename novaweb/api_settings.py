"""What the API's libraries are told: Django REST framework and drf-spectacular."""

from __future__ import annotations

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "migrations_app.api.authentication.Bearer",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["migrations_app.api.base.MayDo"],
    "DEFAULT_PARSER_CLASSES": ["migrations_app.api.base.JSON"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "migrations_app.api.base.AlwaysJSON",
    "DEFAULT_FILTER_BACKENDS": ["migrations_app.api.base.Filters"],
    "DEFAULT_PAGINATION_CLASS": "migrations_app.api.base.Pages",
    "DEFAULT_SCHEMA_CLASS": "migrations_app.api.openapi.Schema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "migrations_app.api.problem_details.handle",
    # X-Forwarded-For is what the client wants it to be: the web server reads it
    "NUM_PROXIES": 0,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "novaweb",
    "DESCRIPTION": "Moves of instances between hypervisors, approved and audited.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/",
    "POSTPROCESSING_HOOKS": ["migrations_app.api.openapi.finish"],
}
