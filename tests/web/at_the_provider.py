"""A browser that signs in at the provider of the tests, for the tests of that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from migrations_app.access import openid_connect
from migrations_app.models import AuditEntry
from tests import openid_provider
from tests.openid_provider import Provider

BEGIN = "/sign-in/openid-connect/"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with openid_provider.running(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture
def provider(served: Provider, settings: Any) -> Iterator[Provider]:
    settings.NOVAWEB_OIDC_ISSUER = served.issuer
    settings.NOVAWEB_OIDC_CLIENT_ID = "novaweb"
    settings.NOVAWEB_OIDC_CLIENT_SECRET = "a secret of the client"
    settings.NOVAWEB_OIDC_ROLES = {
        "ops": ["operator"],
        "board": ["approver", "auditor"],
    }
    served.know("s-1", preferred_username="olga", groups=["ops", "cooks"])
    openid_connect._client_of.cache_clear()
    yield served
    openid_connect._client_of.cache_clear()


def begin(client: Client, **query: str) -> str:
    answer = client.get(BEGIN, query)
    assert answer.status_code == 302
    return str(answer["Location"])


def come_back(client: Client, where: str) -> Any:
    parts = urlsplit(where)
    return client.get(f"{parts.path}?{parts.query}")


def sign_in(client: Client, provider: Provider, subject: str = "s-1") -> Any:
    return come_back(client, provider.let_in(begin(client), subject))


def roles(name: str) -> set[str]:
    return set(User.objects.get(username=name).groups.values_list("name", flat=True))


def is_in(client: Client) -> bool:
    return client.get("/account/sessions/").status_code == 200


def entries(verb: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(verb=verb).order_by("pk"))
