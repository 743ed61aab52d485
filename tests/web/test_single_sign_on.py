"""Signing in by OpenID Connect, with a real provider on loopback."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from migrations_app.access import openid_connect
from migrations_app.models import ExternalIdentity
from tests import factories
from tests.openid_provider import Provider
from tests.web.at_the_provider import (
    begin,
    come_back,
    entries,
    is_in,
    provider,
    roles,
    served,
    sign_in,
)

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.server,
    # a provider for the module, and not one in each process
    pytest.mark.xdist_group("single sign-on"),
]


__all__ = ["provider", "served"]  # fixtures


def test_the_first_sign_in_makes_an_account_with_the_roles_of_its_groups(
    provider: Provider,
) -> None:
    client = Client()
    url = begin(client, next="/instances/")

    answer = come_back(client, provider.let_in(url, "s-1"))

    assert (answer.status_code, answer["Location"]) == (302, "/instances/")
    assert is_in(client)
    assert roles("olga") == {"operator"}
    user = User.objects.get(username="olga")
    assert not (user.has_usable_password() or user.is_staff or user.is_superuser)
    (made,), (given,) = entries("account.created"), entries("account.roles")
    assert (made.actor_name, made.actor_id) == ("OpenID Connect", None)
    assert given.after["roles"] == ["operator"]
    assert entries("account.signed_in")[0].actor_name == "olga"


def test_it_asks_with_state_nonce_and_a_proof_of_who_asked(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: dict[str, str] = {}
    of = openid_connect._client().client_cls
    real = of.fetch_token

    def fetch(self: Any, *args: Any, **more: Any) -> Any:
        sent.update(more)
        return real(self, *args, **more)

    monkeypatch.setattr(of, "fetch_token", fetch)
    client = Client()
    url = begin(client)
    query = {name: found[0] for name, found in parse_qs(urlsplit(url).query).items()}

    come_back(client, provider.let_in(url, "s-1"))

    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert min(len(query["state"]), len(query["nonce"])) >= 20
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
    challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert challenge == query["code_challenge"]
    assert is_in(client)


def test_roles_follow_at_each_sign_in_and_are_recorded(provider: Provider) -> None:
    sign_in(Client(), provider)
    network = Group.objects.create(name="network")
    User.objects.get(username="olga").groups.add(network)
    provider.know("s-1", preferred_username="olga", groups=["board"])

    sign_in(Client(), provider)
    sign_in(Client(), provider)

    assert roles("olga") == {"approver", "auditor", "network"}
    changes = entries("account.roles")
    assert len(changes) == 2
    assert changes[1].before["roles"] == ["network", "operator"]
    assert changes[1].after["roles"] == ["approver", "auditor", "network"]


def test_who_has_no_group_any_more_loses_the_roles_and_is_not_let_in(
    provider: Provider,
) -> None:
    sign_in(Client(), provider)
    provider.know("s-1", preferred_username="olga", groups=["cooks"])
    client = Client()

    answer = sign_in(client, provider)

    assert answer.status_code == 403
    assert "You are in no group that has a role here" in answer.content.decode()
    assert not is_in(client)
    assert roles("olga") == set()


@pytest.mark.parametrize("groups", [["cooks"], [], "cooks", None, 7, {"ops": True}])
def test_no_account_is_made_without_a_group_that_has_a_role(
    provider: Provider, groups: Any
) -> None:
    provider.know("s-2", preferred_username="paul", groups=groups)

    assert sign_in(Client(), provider, "s-2").status_code == 403
    assert not User.objects.filter(username="paul").exists()
    assert len(entries("account.refused")) == 1


@pytest.mark.parametrize("name", ["rita", "RITA"])
def test_it_never_takes_a_local_account_for_somebody_elses(
    provider: Provider, name: str
) -> None:
    rita = factories.person("rita", "approver")
    rita.email = "rita@example.org"
    rita.save()
    provider.know(
        "s-3",
        preferred_username=name,
        email="rita@example.org",
        email_verified=True,
        groups=["ops"],
    )
    client = Client()

    answer = sign_in(client, provider, "s-3")

    assert answer.status_code == 403
    assert "There is an account" in answer.content.decode()
    assert not is_in(client)
    assert roles("rita") == {"approver"}
    assert not ExternalIdentity.objects.exists()


@pytest.mark.parametrize("name", [None, "", "a b", "x" * 200, "a\0b", 7])
def test_a_name_that_can_be_none_here_is_said(provider: Provider, name: Any) -> None:
    provider.know("s-4", preferred_username=name, groups=["ops"])

    answer = sign_in(Client(), provider, "s-4")

    assert answer.status_code == 403
    assert "cannot be one here" in answer.content.decode()
    assert not User.objects.exists()
