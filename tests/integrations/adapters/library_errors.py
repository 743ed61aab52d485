"""One of each exception that OpenStack's libraries define."""

from __future__ import annotations

import inspect
import json
from typing import Any

import openstack.exceptions
import requests
from keystoneauth1 import exceptions as ksa

from tests.integrations.adapters.sham import SECRET


def response() -> requests.Response:
    found = requests.Response()
    receipt = {"methods": [], "expires_at": "2026-01-01T00:00:00Z"}
    body = {"required_auth_methods": [["totp"]], "receipt": receipt}
    found._content = json.dumps(body).encode()
    found.headers["Openstack-Auth-Receipt"] = SECRET
    return found


# How the libraries' exceptions are made, whichever a class takes first.
WAYS: list[tuple[Any, ...]] = [
    (SECRET,),
    (response(),),
    ([],),
    (SECRET, SECRET),
    (str, SECRET),
    (SECRET, SECRET, 0),
    (),
]


def every_exception() -> list[Exception]:
    """One of each that the libraries define, as far as one can be made."""
    kinds = [
        kind
        for module in (ksa, openstack.exceptions, requests.exceptions)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception)
        and not issubclass(kind, Warning)
        and kind.__module__ != "json.decoder"
    ]
    made: list[Exception] = [TimeoutError(SECRET), ConnectionResetError(SECRET)]
    for kind in sorted(set(kinds), key=lambda kind: f"{kind.__module__}.{kind}"):
        for arguments in WAYS:
            try:
                made.append(kind(*arguments))
            except (AttributeError, TypeError):
                continue
            break
        else:
            raise AssertionError(f"{kind} cannot be made: say here how")
    return made


def name_of(error: Exception) -> str:
    return f"{type(error).__module__}.{type(error).__name__}"
