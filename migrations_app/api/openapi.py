"""Additions to the generated OpenAPI schema."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from migrations_app.api import idempotency
from migrations_app.api.problem_details import MEDIA_TYPE, SCHEMA

# What clients know our classes by: XSerializer is XShape to them, XRequest is XInput.
KNOWN_AS = {"Serializer": "Shape", "Request": "Input"}
KEY = {
    "name": idempotency.HEADER,
    "in": "header",
    "schema": {"type": "string", "pattern": idempotency.PATTERN},
    "description": "A text of your own choice, a UUID for example: what is sent again"
    " with it, within a day, is answered as the first time, and nothing is done twice.",
}
METHODS = {"get", "post", "put", "patch", "delete"}


class Schema(AutoSchema):
    """Components keep the names that clients have generated code from."""

    def get_serializer_name(
        self, serializer: serializers.Serializer[Any], direction: Direction
    ) -> str:
        """Return the component's name."""
        name = type(serializer).__name__
        for ours, theirs in KNOWN_AS.items():
            if name.endswith(ours):
                return name.removesuffix(ours) + theirs
        return name

    def get_summary(self) -> str:
        """Return the first sentence of what it does, which lists of calls show."""
        told = " ".join(str(self.get_description()).split("\n\n")[0].split())
        return re.split(r"(?<=[.;]) ", told)[0].rstrip(".;")

    def get_operation(self, *args: Any) -> dict[str, Any] | None:
        """Return the operation, with the headers that ours take."""
        operation = super().get_operation(*args)
        once = getattr(self.view, "once", False)
        if operation is not None and self.method == "POST" and once:
            operation.setdefault("parameters", []).append(KEY)
        return operation


def finish(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """Return the schema with two general additions.

    Every operation can answer with problem details, and unknown fields are refused.
    """
    components = result["components"]["schemas"]
    components["Problem"] = SCHEMA
    problem = {
        "description": "Nothing was changed; detail says why.",
        "content": {
            MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
        },
    }
    for operations in result["paths"].values():
        for method, operation in operations.items():
            if method not in METHODS:
                continue
            operation["responses"]["default"] = problem
            for content in operation.get("requestBody", {}).get("content", {}).values():
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                if name in components:
                    components[name]["additionalProperties"] = False
    return result
