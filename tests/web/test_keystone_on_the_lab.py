"""Signing in at a real Keystone: that of the lab."""

from __future__ import annotations

from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
import yaml
from django.contrib.auth.models import User
from django.test import Client
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session

from migrations_app.integrations import connect

pytestmark = [pytest.mark.django_db, pytest.mark.lab]
KEYSTONE = {"service_type": "identity", "interface": "public", "version": (3, 0)}


@pytest.fixture
def auth(lab: Any, settings: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the lab's administrator signs in with; novaweb asks its Keystone."""
    path = Path(lab["clouds_yaml"])
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    settings.NOVAWEB_CLOUDS = ["lab"]
    settings.NOVAWEB_KEYSTONE_SIGN_IN = "lab"
    settings.NOVAWEB_KEYSTONE_ROLES = {"admin": ["operator"], "reader": ["auditor"]}
    settings.AUTHENTICATION_BACKENDS = [
        "migrations_app.audit.keystone_sign_in.KeystoneBackend"
    ]
    monkeypatch.setattr(connect, "keystone", connect.keystone.__wrapped__)
    found: dict[str, Any] = yaml.safe_load(path.read_text())["clouds"]["lab"]["auth"]
    return found


def token(name: str, secret: str) -> Any:
    sent = {"username": name, "password": secret}
    return Client().post("/api/token/", sent, content_type="application/json")


def test_keystones_people_sign_in_and_its_roles_count(auth: dict[str, Any]) -> None:
    client = Client()
    form = {"username": auth["username"], "password": auth["password"]}

    assert client.post("/sign-in/", {**form, "password": "wrong"}).status_code == 422
    assert client.post("/sign-in/", form)["Location"] == "/"

    assert client.get("/account/sessions/").status_code == 200
    groups = User.objects.get(username=auth["username"]).groups
    # admin implies reader: Keystone's token tells both
    assert set(groups.values_list("name", flat=True)) == {"operator", "auditor"}


def test_an_application_credential_signs_in_a_program(auth: dict[str, Any]) -> None:
    session = Session(auth=Password(**auth))
    of = f"/users/{session.get_user_id()}/application_credentials"
    wanted = {"application_credential": {"name": f"novaweb {token_hex(8)}"}}
    made = session.post(of, json=wanted, endpoint_filter=KEYSTONE).json()
    credential = made["application_credential"]
    name = f"application-credential:{credential['id']}"
    try:
        assert token(name, "wrong").status_code == 401
        assert token(name, credential["secret"]).status_code == 200
    finally:
        session.delete(f"{of}/{credential['id']}", endpoint_filter=KEYSTONE)
    assert token(name, credential["secret"]).status_code == 401
