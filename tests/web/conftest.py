"""The cast of the tests of pages: one person of each role, each with a browser."""

from __future__ import annotations

import pytest
from django.test import Client

from tests import factories


def browser_of(name: str, *roles: str, staff: bool = False) -> Client:
    """Return a client that is signed in as a new person of these roles."""
    client = Client()
    client.force_login(factories.person(name, *roles, staff=staff))
    return client


@pytest.fixture
def anonymous() -> Client:
    """Somebody who is not signed in."""
    return Client()


@pytest.fixture
def requester(db: None) -> Client:
    return browser_of("rita", "requester")


@pytest.fixture
def approver(db: None) -> Client:
    return browser_of("anna", "approver")


@pytest.fixture
def operator(db: None) -> Client:
    return browser_of("otto", "operator")


@pytest.fixture
def auditor(db: None) -> Client:
    return browser_of("aude", "auditor")
