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
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    return generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


class SchemaOnce(SpectacularJSONAPIView):
    """The schema, the same for everybody."""

    def _get_schema_response(self, request: Request) -> Response:
        name = 'inline; filename="novaweb.json"'
        return Response(schema(), headers={"Content-Disposition": name})
