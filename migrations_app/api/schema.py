"""The OpenAPI schema, which anybody may read: it is made once in a process."""

from __future__ import annotations

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.request import Request
from rest_framework.response import Response


@cache
def schema() -> Any:
    """Return the schema of all addresses; to make it takes a second of processor."""
    return SchemaGenerator().get_schema(request=None, public=True)


class SchemaOnce(SpectacularJSONAPIView):  # type: ignore[misc]
    """The schema, the same for everybody."""

    def _get_schema_response(self, request: Request) -> Response:
        name = 'inline; filename="novaweb.json"'
        return Response(schema(), headers={"Content-Disposition": name})
