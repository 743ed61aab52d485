"""A client of novaweb's API, as anyone may write one: JSON and a bearer token."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

TIMEOUT = 60.0  # seconds
# Never by way of a proxy: the site is on this machine.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Refused(Exception):
    """The site said no; the text is its own sentence. ``status`` is HTTP's."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Api:
    """What one person may do through the API."""

    def __init__(self, address: str, *, token: str) -> None:
        self.address = address
        self.token = token

    def get(self, path: str) -> Any:
        return self._call("GET", path, None)

    def post(self, path: str, **fields: Any) -> Any:
        return self._call("POST", path, json.dumps(fields).encode())

    def pages(self, path: str) -> list[dict[str, Any]]:
        """All items of a list, whether the API answers in pages or at once."""
        answer = self.get(path)
        found: list[dict[str, Any]] = []
        while isinstance(answer, dict):
            found += answer["results"]
            if not answer.get("next"):
                return found
            answer = self.get(answer["next"].removeprefix(self.address))
        return found + list(answer)

    def _call(self, method: str, path: str, body: bytes | None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own http address
            self.address + path,
            data=body,
            method=method,
            headers={
                "Authorization": f"Bearer {self.token}",
                "Accept": "application/json",
                "Content-Type": "application/json",
            },
        )
        try:
            with DIRECT.open(request, timeout=TIMEOUT) as response:
                return json.loads(response.read() or b"null")
        except urllib.error.HTTPError as error:
            raise Refused(error.code, sentence(error.read())) from None


def sentence(body: bytes) -> str:
    """What a problem+json says to a person."""
    try:
        problem = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")[:500]
    if isinstance(problem, dict) and problem.get("detail"):
        return str(problem["detail"])
    return str(problem)
