"""What it means that a cloud did not simply answer: one of our errors, in a sentence.

Nothing of the libraries' own texts is repeated except what a service itself said:
theirs may name addresses with credentials in them.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

import requests
import urllib3
from keystoneauth1 import exceptions as ksa
from openstack.exceptions import SDKException

from migrations_app.errors import (
    Blocked,
    Conflict,
    Gone,
    Refused,
    Unreachable,
    WorldError,
)

# All that keystoneauth, openstacksdk and requests raise while they carry a request.
TROUBLES = (
    ksa.ClientException,
    ksa.ImpliedVersionMismatch,
    ksa.RetriableConnectionFailure,
    SDKException,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
)
# What they, and we, raise over an answer of a shape that nobody expected.
SHAPES = (AttributeError, IndexError, KeyError, TypeError, ValueError)
NAMES = {
    "compute": "Nova",
    "placement": "Placement",
    "network": "Neutron",
    "identity": "Keystone",
    "image": "Glance",
    "block-storage": "Cinder",
}
TRY_LATER = {408, 413, 425, 429}
LONGEST = 600


class Broken(Unreachable):
    """A service answered 500: it stumbled over what it was asked."""


def error_for_status(
    cloud: str, service: str, status: int, body: Any, gone: str
) -> WorldError:
    """Return the error for an HTTP status that is not a good one.

    ``body`` is the decoded JSON, None when there was none: then the answer is not the
    service's own, and a 404 does not mean that anything is gone.
    """
    name, said = NAMES[service], message(body)
    if status == 401:
        return turned_away(cloud)
    if status == 403:
        return Refused(
            f"{name} of cloud {cloud} does not let our account do this (403):"
            f" {said} Give the account in clouds.yaml the role admin on its project."
        )
    if status == 404 and body is not None:
        return Gone(gone)
    if status == 404:
        return Unreachable(
            f"Where cloud {cloud} should have {name}, something else answered (404):"
            " look whether the endpoint in its catalogue is right."
        )
    if status == 409:
        return Conflict(f"{name} cannot do this now (409): {said}")
    if status == 406:
        return Refused(f"{name} of cloud {cloud} is too old for this (406): {said}")
    if status in TRY_LATER or status >= 500:
        kind = Broken if status == 500 else Unreachable
        return kind(
            f"{name} of cloud {cloud} could not answer ({status}): {said}"
            " Look into its log if this stays so."
        )
    return Blocked(f"{name} will not do this ({status}): {said}")


def turned_away(cloud: str) -> Refused:
    """Return the error for a password, a token or an account that is not accepted."""
    return Refused(
        f"Cloud {cloud} turned our account away (401): check the credentials of"
        f" cloud {cloud} in clouds.yaml."
    )


def _why_not_trusted(error: Exception) -> str:
    """Return OpenSSL's own word for it in brackets, if it has one."""
    found = re.search(r"certificate verify failed: ([\w ,'-]+)", str(error))
    return f" ({found[1].strip()})" if found else ""


def error_for_exception(cloud: str, service: str, error: Exception) -> WorldError:
    """Return the error for an exception of the libraries (``TROUBLES``)."""
    name = NAMES[service]
    if isinstance(error, ksa.HttpError):
        # These come from Keystone while signing in, or from discovery.
        status = error.http_status or 500
        if status == 404:
            return Unreachable(
                f"Cloud {cloud} has no Keystone where clouds.yaml says (404): check"
                " auth_url."
            )
        said = {"error": {"message": error.message or ""}}
        return error_for_status(cloud, "identity", status, said, "")
    if isinstance(error, ksa.ConnectTimeout | requests.Timeout | TimeoutError):
        return Unreachable(f"{name} of cloud {cloud} did not answer in time.")
    if isinstance(error, ksa.SSLError | requests.exceptions.SSLError):
        return Unreachable(
            f"The certificate of {name} of cloud {cloud} is not trusted here"
            f"{_why_not_trusted(error)}: set cacert for it in clouds.yaml, or give it"
            " another certificate."
        )
    if isinstance(error, ksa.CatalogException):
        return Refused(
            f"Cloud {cloud} lists no {name} in its catalogue: check region_name and"
            " interface in clouds.yaml, and whether the account has a project."
        )
    if isinstance(error, ksa.AuthPluginException | ksa.MissingAuthMethods):
        return unusable(cloud, error)
    if isinstance(error, ksa.AuthorizationFailure):
        return turned_away(cloud)
    if isinstance(error, ksa.DiscoveryFailure):  # which does not say why
        return Unreachable(
            f"{name} of cloud {cloud} does not answer: look whether it runs, whether"
            " auth_url in clouds.yaml is right, and whether its certificate is"
            " trusted here (cacert)."
        )
    return Unreachable(
        f"{name} of cloud {cloud} does not answer ({type(error).__name__}): look"
        " whether it runs, and whether its endpoint can be reached from here."
    )


def unusable(cloud: str, error: Exception) -> Refused:
    """Return the error for a clouds.yaml with which nobody can sign in."""
    missing = ""
    if isinstance(error, ksa.MissingRequiredOptions):
        options = ", ".join(str(option.dest) for option in error.options)
        missing = f": it lacks {options}"
    return Refused(
        f"The entry of cloud {cloud} in clouds.yaml is not usable{missing}. Correct"
        " it; see the documentation of openstacksdk, “Configuring OpenStack SDK”."
    )


def unknown(cloud: str) -> Refused:
    """Return the error for a cloud that clouds.yaml does not have."""
    return Refused(
        f"There is no cloud {cloud} in clouds.yaml. Add it there, or point"
        " OS_CLIENT_CONFIG_FILE to the file that has it."
    )


def strange(cloud: str, service: str) -> Unreachable:
    """Return the error for an invalid answer."""
    return Unreachable(
        f"{NAMES[service]} of cloud {cloud} answered with something that novaweb does"
        " not understand: look whether a proxy is in between."
    )


def message(body: Any) -> str:
    """Return what a service said: each wraps its message in another way."""
    found: Any = None
    if isinstance(body, dict):
        if isinstance(body.get("errors"), list) and body["errors"]:  # placement
            found = body["errors"][0]
        else:  # {"badRequest": {"message": …}}, {"NeutronError": {"message": …}}
            found = next(iter(body.values()), None)
    if isinstance(found, dict):
        found = found.get("message") or found.get("detail") or found.get("title")
    text = " ".join(str(found or "no reason was given.").split())[:LONGEST]
    return text if text.endswith((".", "!", "?")) else f"{text}."


@contextlib.contextmanager
def sense(cloud: str, service: str) -> Iterator[None]:
    """Answers of another shape than the service's become Unreachable."""
    try:
        yield
    except SHAPES as error:
        raise strange(cloud, service) from error
