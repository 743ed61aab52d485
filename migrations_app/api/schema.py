"""The OpenAPI schema, which anybody may read: it is made once in a process."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from drf_spectacular.views import SpectacularJSONAPIView
from rest_framework.request import Request

from migrations_app.api import etags


@cache
def schema() -> Any:
    """Return the schema of all addresses; to make it takes a second of processor."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    return generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]


@cache
def text() -> tuple[bytes, etags.Edition]:
    """Return it as it is sent; both live as long as the code that they describe."""
    data = OpenApiJsonRenderer().render(schema(), renderer_context={})
    return data, etags.Edition("The schema", hashlib.sha256(data).hexdigest()[:32])


class SchemaOnce(SpectacularJSONAPIView):
    """The schema, the same for everybody."""

    def _get_schema_response(self, request: Request) -> HttpResponse:
        data, edition = text()
        if etags.known(request, edition):
            return HttpResponse(status=304, headers={"ETag": edition.tag})
        return HttpResponse(
            data,
            content_type=OpenApiJsonRenderer.media_type,
            headers={
                "Content-Disposition": 'inline; filename="novaweb.json"',
                "ETag": edition.tag,
            },
        )
