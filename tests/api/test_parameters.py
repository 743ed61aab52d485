"""Every parameter in the schema is described: who reads it need not guess."""

from __future__ import annotations

import re

from migrations_app.api.openapi import METHODS
from migrations_app.api.schema import schema


def test_each_parameter_has_a_description() -> None:
    """More than a label or a list of its values."""
    parameters = [
        (f"{method.upper()} {path}", each)
        for path, operations in schema()["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
        for each in operation.get("parameters", [])
    ]
    silent = [
        f"{where}: {each['in']} {each['name']}"
        for where, each in parameters
        if not re.match(r"[A-Z]\S* \S", each.get("description", ""))
    ]

    assert len(parameters) > 100
    assert silent == []


def test_the_number_in_an_address_says_of_what_it_is() -> None:
    retire = schema()["paths"]["/api/policies/proposals/{id}/confirm/"]["post"]
    (number,) = [each for each in retire["parameters"] if each["in"] == "path"]

    assert number["description"] == "Number of the proposal."
