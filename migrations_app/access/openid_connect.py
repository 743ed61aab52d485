"""OpenID Connect: a provider is asked who somebody is, by Authlib.

The code flow with state, nonce and PKCE (S256); the ID token's signature, issuer,
audience, time and nonce are checked. Nothing of it is kept but what ``Told`` has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from authlib.integrations.base_client import MismatchingStateError, OAuthError
from authlib.integrations.django_client import DjangoOAuth2App, OAuth
from authlib.integrations.requests_client import OAuth2Session
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from joserfc.errors import JoseError
from requests import RequestException

from migrations_app.errors import NotAllowed, Refused, Unreachable
from migrations_app.integrations.tls import LooksIntoCrl

TIMEOUT = 10.0  # seconds that the provider may take for each answer
# Signatures that only the provider can make: not those of a shared secret, nor "none".
SIGNED = frozenset(
    (
        *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
        *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
    )
)
SILENT = (
    "The sign-in service does not answer. Try again in a minute; if it stays so, ask an"
    " administrator of novaweb."
)
STALE = (
    "This sign-in was begun in another browser, or too long ago. Begin again from the"
    " sign-in page."
)
CANCELLED = "The sign-in service did not let you in, or you left it. Begin again."
ODD = (
    "The sign-in service gave an answer that is not valid, so nobody is signed in. Ask"
    " an administrator of novaweb."
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the provider told of a person.

    ``subject`` is theirs for ever at this issuer; ``authenticated_at`` in seconds since
    1970, 0 where the provider does not say.
    """

    issuer: str
    subject: str
    name: str
    groups: frozenset[str]
    authenticated_at: float = 0.0


def is_configured() -> bool:
    """Return whether people can sign in so."""
    return bool(settings.NOVAWEB_OIDC_ISSUER)


def begin(request: HttpRequest, callback: str, *, again: bool) -> HttpResponse:
    """Return the redirect to the provider; the session has what the answer must fit.

    ``again``: it asks the person, even one that it knows. Raises Unreachable, Refused.
    """
    more = {"prompt": "login", "max_age": "0"} if again else {}
    with _told():
        answer: HttpResponse = _client().authorize_redirect(request, callback, **more)
    return answer


def finish(request: HttpRequest) -> Told:
    """Return what the provider tells of who came back from it.

    Raises NotAllowed, Unreachable and Refused.
    """
    with _told():
        client = _client()
        options = {
            "iss": {"essential": True, "values": [settings.NOVAWEB_OIDC_ISSUER]},
            "aud": {"essential": True, "value": settings.NOVAWEB_OIDC_CLIENT_ID},
        }
        token = client.authorize_access_token(request, claims_options=options)
        claims = token.get("userinfo")
        if not claims:
            raise Refused(ODD)
        more: Mapping[str, Any] = {}
        wanted = settings.NOVAWEB_OIDC_GROUPS_CLAIM, settings.NOVAWEB_OIDC_NAME_CLAIM
        if any(_claim(claims, name) is None for name in wanted):
            more = _more(client, token, str(claims["sub"]))
    groups, name = (_claim({**more, **claims}, each) for each in wanted)
    if isinstance(groups, str):
        groups = [groups]
    elif not isinstance(groups, list):
        groups = []
    at = claims.get("auth_time")
    return Told(
        issuer=settings.NOVAWEB_OIDC_ISSUER,
        subject=str(claims["sub"]),
        name=name if isinstance(name, str) else "",
        groups=frozenset(each for each in groups if isinstance(each, str)),
        authenticated_at=float(at) if isinstance(at, int | float) else 0.0,
    )


def roles_of(groups: frozenset[str]) -> frozenset[str]:
    """Return the roles that the setting gives to these groups of the provider."""
    given: dict[str, list[str]] = settings.NOVAWEB_OIDC_ROLES
    return frozenset(role for group in groups for role in given.get(group, ()))


def _more(client: Any, token: Any, subject: str) -> Mapping[str, Any]:
    """Return what the provider tells at its userinfo address, where it has one."""
    if "userinfo_endpoint" not in client.server_metadata:
        return {}
    found: Mapping[str, Any] = client.userinfo(token=token)
    if found.get("sub") != subject:  # OpenID Connect Core 1.0, 5.3.2
        raise Refused(ODD)
    return found


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return the claim of that name, or at that path: realm_access.roles."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _client() -> Any:
    """Return the client of the provider that is configured, whose metadata is read."""
    client = _client_of(
        settings.NOVAWEB_OIDC_ISSUER,
        settings.NOVAWEB_OIDC_CLIENT_ID,
        settings.NOVAWEB_OIDC_CLIENT_SECRET,
        settings.NOVAWEB_OIDC_SCOPE,
    )
    metadata = client.load_server_metadata()
    if metadata.get("issuer") != settings.NOVAWEB_OIDC_ISSUER:
        _client_of.cache_clear()
        raise Refused(
            "The sign-in service calls itself otherwise than NOVAWEB_OIDC_ISSUER does."
            " Ask an administrator of novaweb to compare them, to the last slash."
        )
    known = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
    metadata["id_token_signing_alg_values_supported"] = [
        each for each in known if each in SIGNED
    ]
    return client


class _Session(OAuth2Session):  # type: ignore[misc]
    """Authlib's, none of it to a provider whose certificate was revoked."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if crl := settings.NOVAWEB_TLS_CRL.get("sign-in"):
            self.mount("https://", LooksIntoCrl(crl))


class _App(DjangoOAuth2App):  # type: ignore[misc]
    client_cls = _Session


class _Clients(OAuth):  # type: ignore[misc]
    oauth2_client_cls = _App


@lru_cache(maxsize=1)
def _client_of(issuer: str, client_id: str, secret: str, scope: str) -> Any:
    return _Clients().register(
        name="oidc",
        client_id=client_id,
        client_secret=secret or None,
        server_metadata_url=f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": scope,
            "code_challenge_method": "S256",
            "default_timeout": TIMEOUT,
        },
    )


@contextmanager
def _told() -> Iterator[None]:
    """Turn what goes wrong with the provider into a sentence."""
    try:
        yield
    except MismatchingStateError as error:
        raise NotAllowed(STALE) from error
    except OAuthError as error:
        raise NotAllowed(CANCELLED) from error
    except RequestException as error:
        raise Unreachable(SILENT) from error
    except (JoseError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise Refused(ODD) from error
