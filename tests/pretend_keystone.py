"""A Keystone on loopback that knows a few people: its door and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Person:
    """What it knows of somebody; roles by the names of project and its domain."""

    id: str
    password: str
    roles: dict[tuple[str, str], list[str]]
    domain: str = "Default"


@dataclass
class Known:
    """Whom it knows, and what it was asked."""

    people: dict[str, Person] = field(default_factory=dict)
    # the id of an application credential: its secret, whose, for which project
    credentials: dict[str, tuple[str, str, tuple[str, str]]] = field(
        default_factory=dict
    )
    # ids of those that have access rules
    limited: set[str] = field(default_factory=set)
    asked: list[Any] = field(default_factory=list)
    open_tokens: set[str] = field(default_factory=set)
    trouble: int = 0


class PretendKeystone(ThreadingHTTPServer):
    """One that is served by a thread of the test."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.known = Known()
        self.url = f"http://127.0.0.1:{self.server_port}/v3"


class _Handler(BaseHTTPRequestHandler):
    server: PretendKeystone

    def do_GET(self) -> None:
        link = {"rel": "self", "href": f"{self.server.url}/"}
        version = {"id": "v3.14", "status": "stable", "links": [link]}
        if self.path.rstrip("/") == "/v3":
            self._answer(200, {"version": version})
        else:
            self._answer(300, {"versions": {"values": [version]}})

    def do_DELETE(self) -> None:
        self.server.known.open_tokens.discard(self.headers["X-Subject-Token"])
        self._answer(204)

    def do_POST(self) -> None:
        known = self.server.known
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known.asked.append(sent)
        if known.trouble:
            self._answer(known.trouble, {"error": {"message": "Out of order."}})
            return
        found = _found(known, sent["auth"])
        if found is None:
            # as Keystone says of a credential that is no more
            status = 404 if _is_gone(known, sent["auth"]["identity"]) else 401
            self._answer(status, {"error": {"code": status, "message": "No."}})
            return
        token = f"token-{len(known.asked)}"
        known.open_tokens.add(token)
        made = _token(*found)
        given = sent["auth"]["identity"].get("application_credential", {})
        if given.get("id") in known.limited:
            rules = [{"service": "compute", "method": "GET", "path": "/v2.1/servers"}]
            made["application_credential"] = {"access_rules": rules}
        self._answer(201, {"token": made}, {"X-Subject-Token": token})

    def _answer(self, status: int, body: Any = None, more: Any = None) -> None:
        text = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        headers = {"Content-Type": "application/json", "Content-Length": len(text)}
        for name, value in {**headers, **(more or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


Found = tuple[str, Person, tuple[str, str], list[str]]


def _is_gone(known: Known, identity: Any) -> bool:
    given = identity.get("application_credential")
    return bool(given) and given["id"] not in known.credentials


def _found(known: Known, auth: Any) -> Found | None:
    identity = auth["identity"]
    if identity["methods"] == ["application_credential"]:
        given = identity["application_credential"]
        secret, name, project = known.credentials.get(given["id"], ("", "", ("", "")))
        if not secret or secret != given["secret"]:
            return None
        person = known.people[name]
        return name, person, project, person.roles.get(project, [])
    user, scope = identity["password"]["user"], auth["scope"]["project"]
    found = known.people.get(user["name"])
    project = (scope["name"], scope["domain"]["name"])
    if found is None or found.password != user["password"]:
        return None
    roles = found.roles.get(project)
    # (as Keystone: who has no role in a project gets no token for it)
    if not roles or found.domain != user["domain"]["name"]:
        return None
    return user["name"], found, project, roles


def _token(
    name: str, person: Person, project: tuple[str, str], roles: list[str]
) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "methods": ["password"],
        "user": {"id": person.id, "name": name, "domain": _domain(person.domain)},
        "project": {"id": "p", "name": project[0], "domain": _domain(project[1])},
        "roles": [{"id": f"id of {role}", "name": role} for role in roles],
        "issued_at": now.strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
        "expires_at": (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
    }


def _domain(name: str) -> dict[str, str]:
    return {"id": name.lower(), "name": name}


@contextmanager
def running() -> Iterator[PretendKeystone]:
    """Serve one; it has ended afterwards."""
    with PretendKeystone() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
