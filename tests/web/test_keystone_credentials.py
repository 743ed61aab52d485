"""What a program gets by an application credential of Keystone."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.pretend_keystone import PretendKeystone
from tests.web.test_keystone_sign_in import (
    ADMIN,
    a_moment,
    by_token,
    clouds_yaml,
    give,
    is_in,
    keystone,
    roles,
)

__all__ = ["a_moment", "clouds_yaml", "keystone"]  # fixtures
pytestmark = pytest.mark.django_db


def test_an_application_credential_of_the_project_gets_a_token(
    keystone: PretendKeystone,
) -> None:
    give(Client())
    keystone.known.credentials["c-1"] = ("its secret", "kim", ADMIN)

    answer = by_token("application-credential:c-1", "its secret")

    assert answer.status_code == 200
    assert User.objects.count() == 1
    assert by_token("application-credential:c-1", "another").status_code == 401
    assert by_token("application-credential:gone", "its secret").status_code == 401
    assert by_token("application-credential:", "its secret").status_code == 401


def test_an_application_credential_with_fewer_roles_takes_none_from_its_owner(
    keystone: PretendKeystone,
) -> None:
    give(Client())
    keystone.known.credentials["c-3"] = ("its secret", "kim", ADMIN)
    keystone.known.people["kim"].roles = {ADMIN: ["reader"]}

    answer = by_token("application-credential:c-3", "its secret")

    assert answer.status_code == 403
    assert "fewer roles than its owner" in answer.json()["detail"]
    assert roles("kim") == {"operator", "auditor"}


def test_a_credential_that_is_for_some_calls_of_openstack_opens_nothing_here(
    keystone: PretendKeystone,
) -> None:
    give(Client())
    keystone.known.credentials["c-4"] = ("its secret", "kim", ADMIN)
    keystone.known.limited.add("c-4")

    answer = by_token("application-credential:c-4", "its secret")

    assert answer.status_code == 403
    assert "access rules" in answer.json()["detail"]
    assert give(Client(), "application-credential:c-4", "its secret").status_code == 403


def test_a_credential_of_a_program_neither_decides_nor_opens_pages(
    keystone: PretendKeystone,
) -> None:
    keystone.known.people["kim"].roles = {ADMIN: ["manager"]}
    give(Client())
    keystone.known.credentials["c-1"] = ("its secret", "kim", ADMIN)
    name, client = "application-credential:c-1", Client()

    page = give(client, name, "its secret")
    token = by_token(name, "its secret", scope="decide")

    assert (page.status_code, token.status_code) == (422, 403)
    assert not is_in(client)
    for said in (page.content.decode(), token.json()["detail"]):
        assert "An application credential is for programs" in said


def test_an_application_credential_of_another_project_is_refused(
    keystone: PretendKeystone,
) -> None:
    keystone.known.credentials["c-2"] = ("its secret", "kim", ("shop", "Default"))

    assert by_token("application-credential:c-2", "its secret").status_code == 401
