"""The interface keeps to its schema, whatever is sent: generated input, many times.

What is sent to an operation is made up when its test runs. Every process of pytest
collects these tests, and to make up the input of all of them takes it five seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from schemathesis.checks import not_a_server_error
from schemathesis.generation.feedback import FeedbackSources
from schemathesis.generation.hypothesis import builder
from schemathesis.pytest._test_builder import build_operation_test
from schemathesis.python._constants.orchestrator import make_constants_value_source
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests import factories, measurements
from tests.api.conftest import Person
from tests.shorter import examples
from tests.stage import Stage

pytestmark = pytest.mark.long

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
# The same inputs each time: what fails here fails everywhere.
bounded = hypothesis.settings(
    max_examples=examples(10),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)
generator = SchemaGenerator()  # type: ignore[no-untyped-call]
drawn = generator.get_schema(public=True)  # type: ignore[no-untyped-call]
OPERATIONS = [
    f"{method.upper()} {path}"
    for path, methods in drawn["paths"].items()
    for method in methods
]
# what schemathesis' own collection would tell, instead of testing an operation
UNTESTED = (
    builder.InvalidHeadersExampleMark,
    builder.InvalidRegexMark,
    builder.MissingPathParameters,
    builder.NonSerializableMark,
    builder.UnsatisfiableExampleMark,
    builder.UnserializablePayloadMark,
)


@cache
def schema(of: str) -> Any:
    """Return the schema for one test, and behind it the application.

    Methods that an address has not are tried once for each address and schema.
    """
    read = schemathesis.openapi.from_dict(drawn)
    # novaweb/wsgi.py would compare the settings with the trail as well
    read.app = get_wsgi_application()
    return read


@cache
def operations(of: str) -> dict[str, Any]:
    """Return what can be asked for, by method and path."""
    found = [result.ok() for result in schema(of).get_all_operations()]
    return {operation.label: operation for operation in found}


@cache
def known_words(of: str) -> FeedbackSources:
    """Return the words of the application's own code, which are tried as well."""
    words = make_constants_value_source(schema(of))
    return FeedbackSources(constants_value_source=words)


def try_all(answered: Callable[[Any], None], label: str) -> None:
    """Call ``answered`` with all that is made up for an operation."""
    of = answered.__qualname__
    tried = build_operation_test(
        config=schema(of).config,
        operation=operations(of)[label],
        test_func=answered,
        given_kwargs={},
        feedback=known_words(of),
    )
    assert not [mark.attr_name for mark in UNTESTED if mark.is_set(tried)]
    tried()


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Keep the test's transaction open between requests, as Django's client does."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def there(stage: Stage, db: None) -> dict[str, Any]:
    """What can stand in an address, with something behind each."""
    host = factories.hypervisor("compute-30")
    measurements.snapshots(host.host, of=host.cloud, hours=3)
    asked = factories.request(of=factories.instance(uuid=stage.server))
    factories.run(lines=["one", "two"])
    factories.audit_entry()
    return {"id": asked.pk, "host": host.host, "uuid": stage.server}


@pytest.fixture
def everybody(there: dict[str, Any]) -> Person:
    """One person with every role, in a house where something goes on."""
    roles = ("requester", "approver", "operator", "auditor")
    return Person(factories.person("paula", *roles))


@pytest.mark.parametrize("label", OPERATIONS)
def test_whatever_is_sent_is_answered_as_the_schema_says(
    label: str, everybody: Person
) -> None:
    @bounded
    def answered(case: Any) -> None:
        answer = case.call(headers=everybody.headers)
        # too much is refused before it is read: nobody says what else is wrong with it
        too_large = answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        rejection = [] if too_large else [negative_data_rejection]
        case.validate_response(answer, checks=[*CHECKS, *rejection])

    try_all(answered, label)


@pytest.mark.parametrize("label", OPERATIONS)
def test_whatever_is_sent_about_what_there_is_is_answered_as_the_schema_says(
    label: str, everybody: Person, there: dict[str, Any]
) -> None:
    @bounded
    def answered(case: Any) -> None:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = there[name]
        answer = case.call(headers=everybody.headers)
        case.validate_response(answer, checks=CHECKS)

    try_all(answered, label)
