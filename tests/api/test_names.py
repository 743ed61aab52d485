"""Programs are generated from the schema: what its components are called must stay."""

from __future__ import annotations

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from rest_framework import serializers

from migrations_app.api.openapi import Schema


@pytest.fixture(scope="module")
def components() -> Any:
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    return generator.get_schema(public=True)["components"]["schemas"]  # type: ignore[no-untyped-call]


def test_what_is_answered_is_a_shape_and_what_is_sent_an_input(components: Any) -> None:
    for name in ("RequestShape", "RunShape", "AskInput", "NoteInput", "Credentials"):
        assert name in components

    assert [name for name in components if name.endswith("Serializer")] == []
    assert [name for name in components if name.endswith("Request")] == []


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("RunSerializer", "RunShape"),
        ("RequestSerializer", "RequestShape"),
        ("AskRequest", "AskInput"),
        ("Credentials", "Credentials"),
    ],
)
def test_a_class_is_known_by_the_name_that_clients_have(ours: str, theirs: str) -> None:
    made = type(ours, (serializers.Serializer,), {})

    assert Schema().get_serializer_name(made(), "response") == theirs
