"""The interface keeps to its schema, whatever is sent: generated input, many times."""

from __future__ import annotations

from collections.abc import Iterator
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
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from tests import factories
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
schema = schemathesis.openapi.from_dict(drawn)
# novaweb/wsgi.py would compare the settings with the trail as well
schema.app = get_wsgi_application()


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
    factories.snapshots(host.host, of=host.cloud, hours=3)
    asked = factories.request(of=factories.instance(uuid=stage.server))
    factories.run(lines=["one", "two"])
    factories.audit_entry()
    return {"id": asked.pk, "host": host.host, "uuid": stage.server}


@pytest.fixture
def everybody(there: dict[str, Any]) -> Person:
    """One person with every role, in a house where something goes on."""
    roles = ("requester", "approver", "operator", "auditor")
    return Person(factories.person("paula", *roles))


@schema.parametrize()
@bounded
def test_whatever_is_sent_is_answered_as_the_schema_says(
    case: Any, everybody: Person
) -> None:
    answer = case.call(headers=everybody.headers)
    # too much is refused before it is read, so nobody says what else is wrong with it
    too_large = answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    rejection = [] if too_large else [negative_data_rejection]
    case.validate_response(answer, checks=[*CHECKS, *rejection])


@schema.parametrize()
@bounded
def test_whatever_is_sent_about_what_there_is_is_answered_as_the_schema_says(
    case: Any, everybody: Person, there: dict[str, Any]
) -> None:
    for name in case.path_parameters or {}:
        case.path_parameters[name] = there[name]
    answer = case.call(headers=everybody.headers)
    case.validate_response(answer, checks=CHECKS)
