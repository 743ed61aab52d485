"""System checks of the settings by which people sign in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, register

from migrations_app.access import second_factor
from migrations_app.access.roles import Role
from migrations_app.management.checks import OURS


@register(OURS)
def second_factor_is_known(**kwargs: Any) -> list[CheckMessage]:
    """Check who must have a second factor."""
    if settings.NOVAWEB_SECOND_FACTOR in second_factor.CHOICES:
        return []
    return [
        Error(
            f"NOVAWEB_SECOND_FACTOR is “{settings.NOVAWEB_SECOND_FACTOR}”.",
            hint=f"Set it to {', '.join(second_factor.CHOICES)}.",
            id="novaweb.E047",
        )
    ]


SHORTEST_PEPPER = 32  # characters


@register(OURS)
def pepper_is_long(**kwargs: Any) -> list[CheckMessage]:
    """Check that nobody can guess the secret of passwords' hashes."""
    newest = settings.NOVAWEB_PASSWORD_PEPPER
    given = [*filter(None, [newest]), *settings.NOVAWEB_PASSWORD_PEPPER_FALLBACKS]
    if all(len(secret) >= SHORTEST_PEPPER for secret in given):
        return []
    return [
        Error(
            "NOVAWEB_PASSWORD_PEPPER, or one of its fallbacks, has fewer than"
            f" {SHORTEST_PEPPER} characters: it can be guessed.",
            hint='python3 -c "import secrets; print(secrets.token_urlsafe(48))"',
            id="novaweb.E046",
        )
    ]


@register(OURS, deploy=True)
def hashes_take_a_pepper(**kwargs: Any) -> list[CheckMessage]:
    """Say that passwords could be guessed by who has a copy of the database alone."""
    if settings.NOVAWEB_PASSWORD_PEPPER:
        return []
    return [
        Info(
            "NOVAWEB_PASSWORD_PEPPER is not set: who has a copy of the database needs"
            " no other secret to guess passwords.",
            hint="Keep it apart from the database's backup: docs/running.md.",
            id="novaweb.I001",
        )
    ]


@register(OURS)
def signing_in_elsewhere_is_whole(**kwargs: Any) -> list[CheckMessage]:
    """Check what is said of a provider of OpenID Connect, if there is one."""
    issuer = settings.NOVAWEB_OIDC_ISSUER
    if not issuer:
        return []
    found: list[CheckMessage] = []
    if not settings.NOVAWEB_OIDC_CLIENT_ID or "openid" not in (
        settings.NOVAWEB_OIDC_SCOPE.split()
    ):
        found.append(
            Error(
                "NOVAWEB_OIDC_ISSUER has no client, or its scope lacks “openid”.",
                hint="Set NOVAWEB_OIDC_CLIENT_ID, and NOVAWEB_OIDC_SCOPE with openid.",
                id="novaweb.E048",
            )
        )
    host = urlsplit(issuer).hostname
    if not issuer.startswith("https://") and host not in ("localhost", "127.0.0.1"):
        found.append(
            Error(
                "NOVAWEB_OIDC_ISSUER is not reached by https, so anybody could be it.",
                hint="Give the provider a certificate, and write https://.",
                id="novaweb.E042",
            )
        )
    return found + _roles("NOVAWEB_OIDC_ROLES", settings.NOVAWEB_OIDC_ROLES, "E043")


@register(OURS)
def signing_in_with_keystone_is_whole(**kwargs: Any) -> list[CheckMessage]:
    """Check what is said of the Keystone in which people sign in, if there is one."""
    cloud = settings.NOVAWEB_KEYSTONE_SIGN_IN
    if not cloud:
        return []
    found: list[CheckMessage] = []
    project, _, domain = settings.NOVAWEB_KEYSTONE_PROJECT.partition("@")
    if cloud not in settings.NOVAWEB_CLOUDS or not (project and domain):
        found.append(
            Error(
                "NOVAWEB_KEYSTONE_SIGN_IN names no cloud that is configured, or"
                " NOVAWEB_KEYSTONE_PROJECT no project.",
                hint="Set one to a name of NOVAWEB_CLOUDS, the other to NAME@DOMAIN.",
                id="novaweb.E044",
            )
        )
    return found + _roles(
        "NOVAWEB_KEYSTONE_ROLES", settings.NOVAWEB_KEYSTONE_ROLES, "E045"
    )


def _roles(setting: str, given: Any, number: str) -> list[CheckMessage]:
    """Return what is wrong with a setting that gives roles to names."""
    known = {str(role) for role in Role}
    if isinstance(given, dict) and given:
        lists = given.values()
        if all(isinstance(each, list) and known.issuperset(each) for each in lists):
            return []
    return [
        Error(
            f"{setting} gives no roles, or others than there are.",
            hint=f'Write JSON: {{"group": ["role"]}}, of {", ".join(sorted(known))}.',
            id=f"novaweb.{number}",
        )
    ]
