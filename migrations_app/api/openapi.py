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
# How an address names an object, and what the objects behind a word of it are called.
NAMED_BY = {"id": "Number", "uuid": "UUID", "host": "Name"}
OBJECTS = {
    "audit": "entry of the audit trail",
    "searches": "saved search",
    "delegations": "delegation",
    "deliveries": "delivery",
    "drains": "drain",
    "hypervisors": "hypervisor",
    "instances": "instance",
    "notices": "notification",
    "policies": "policy",
    "proposals": "proposal",
    "requests": "request",
    "runs": "run",
    "services": "service",
    "tokens": "token",
    "webhooks": "webhook",
    "windows": "window or freeze",
}
# Filters that are labelled with one word, which is enough beside a field of a page.
FILTERS = {
    "actor": "Account name of the person who acted.",
    "aggregate": "Name of the host aggregate.",
    "channel": "Deliveries by this channel only.",
    "cloud": "Name of the cloud.",
    "drains": "Requests with or without the moves of drains.",
    "event": "Deliveries about this event only.",
    "host": "Name of the host; in the audit trail, source or target of a move.",
    "instance": "UUID of the instance; in the audit trail, or its name.",
    "kind": "Objects of this kind only.",
    "project": "Project that the instances belong to.",
    "q": "Text to search for.",
    "request": "Number of the request.",
    "state": "Objects in this state only.",
    "status": "Instances with this status in Nova only.",
    "ticket": "Ticket that the request names.",
    "unread": "Unread notifications only, or read ones only.",
    "verb": "Action of the entries, or all actions of a family.",
    "whose": "Requests by the caller, or those that wait for the caller.",
    "zone": "Name of the availability zone.",
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

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        """Return the parameters of the address, each with what it names."""
        found: list[dict[str, Any]] = super()._resolve_path_parameters(  # type: ignore[no-untyped-call]
            variables
        )
        for each in found:
            before = self.path.partition(f"/{{{each['name']}}}")[0].rpartition("/")[2]
            if each["name"] in NAMED_BY and before in OBJECTS:
                said = f"{NAMED_BY[each['name']]} of the {OBJECTS[before]}."
                each.setdefault("description", said)
        return found

    def get_operation(self, *args: Any) -> dict[str, Any] | None:
        """Return the operation, with the headers that ours take."""
        operation = super().get_operation(*args)
        once = getattr(self.view, "once", False)
        for each in (operation or {}).get("parameters", []):
            if each["in"] == "query":
                _describe(each)
        if operation is not None and self.method == "POST" and once:
            operation.setdefault("parameters", []).append(KEY)
        return operation


def _describe(parameter: dict[str, Any]) -> None:
    """Put a sentence in the place of a label of one word, or of none."""
    label, gap, choices = parameter.get("description", "").partition("* `")
    if parameter["name"] in FILTERS and " " not in label.strip():
        sentence = FILTERS[parameter["name"]]
        parameter["description"] = f"{sentence}\n\n{gap}{choices}".rstrip()


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
