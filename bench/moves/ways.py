"""Three ways to have one instance moved: bare calls, the openstack client, novaweb."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from keystoneauth1.adapter import Adapter

from demo.client import Api
from demo.story import APPROVERS, OVER

TICK = 0.25  # seconds between two looks of ours at how far a move is
PATIENCE = 180.0  # seconds, for one move
# Of the first that has all that is called here: live migration to a host that the
# scheduler checks (2.30), cold migration to a host (2.56).
MICROVERSION = "2.56"


class Way(Protocol):
    """One way to have an instance moved."""

    name: str

    def move(self, server: str, procedure: str, target: str) -> float:
        """The instance is there, Nova is done with it, and who asked knows: seconds.

        ``procedure`` is ``live`` or ``cold``; the latter is confirmed.
        """


def until(what: Callable[[], object]) -> None:
    """Ask again and again. Raises SystemExit when it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not what():
        if time.monotonic() > deadline:
            raise SystemExit(f"A move was not over after {PATIENCE:.0f} s.")
        time.sleep(TICK)


@dataclass
class Bare:
    """Calls of Nova's API, with a token that is there already."""

    nova: Adapter
    name: str = "bare calls"

    def move(self, server: str, procedure: str, target: str) -> float:
        began = time.monotonic()
        if procedure == "live":
            live = {"host": target, "block_migration": "auto"}
            self._act(server, {"os-migrateLive": live})
        else:
            self._act(server, {"migrate": {"host": target}})
            until(lambda: self.stands(server, "VERIFY_RESIZE", target))
            self._act(server, {"confirmResize": None})
        until(lambda: self.stands(server, "ACTIVE", target))
        return time.monotonic() - began

    def stands(self, server: str, status: str, host: str) -> bool:
        """Tell whether it is there, so, and Nova does nothing with it."""
        said: dict[str, Any] = self.nova.get(f"/servers/{server}").json()["server"]
        if said["status"] == "ERROR":
            raise SystemExit(f"Nova has put {server} into ERROR.")
        return (
            said["status"] == status
            and said["OS-EXT-SRV-ATTR:host"] == host
            and said["OS-EXT-STS:task_state"] is None
        )

    def _act(self, server: str, body: Mapping[str, object]) -> None:
        self.nova.post(f"/servers/{server}/action", json=body)


@dataclass
class Client:
    """The program ``openstack``, which waits by itself where it can."""

    program: Path
    environment: Mapping[str, str]
    name: str = "openstack"

    def move(self, server: str, procedure: str, target: str) -> float:
        began = time.monotonic()
        how = ["--live-migration"] if procedure == "live" else []
        self._run("server", "migrate", *how, "--host", target, "--wait", server)
        if procedure == "cold":
            self._run("server", "migration", "confirm", server)
        until(lambda: self._stands(server, target))
        return time.monotonic() - began

    def _stands(self, server: str, target: str) -> bool:
        columns = ("status", "OS-EXT-SRV-ATTR:host", "OS-EXT-STS:task_state")
        wanted = [word for column in columns for word in ("-c", column)]
        said = self._run("server", "show", "-f", "value", *wanted, server)
        return set(said.split()) == {"ACTIVE", target, "None"}

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [self.program, "--os-compute-api-version", MICROVERSION, *words],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"openstack {' '.join(words)}: {done.stderr}")
        return done.stdout


@dataclass
class Novaweb:
    """The site's API: what counts for the move begins with the last approval."""

    people: Mapping[str, Api]
    name: str = "novaweb"
    asking: list[float] = field(default_factory=list)  # seconds, of each call
    approving: list[float] = field(default_factory=list)
    asked: dict[str, Any] = field(default_factory=dict)
    ended: float = 0.0  # seconds since 1970

    def ask(self, server: str, procedure: str, target: str) -> None:
        """A request is there that waits for its approvals."""
        began = time.monotonic()
        self.asked = self.people["requester"].post(
            "/api/requests/",
            instance=server,
            procedure=procedure,
            target=target,
            reason="To measure how long it takes.",
        )
        self.asking.append(time.monotonic() - began)

    def move(self, server: str, procedure: str, target: str) -> float:
        for name in APPROVERS:
            began = time.monotonic()
            said = self.people[name].post(
                f"/api/requests/{self.asked['id']}/approve/",
                plan_digest=self.asked["plan_digest"],
                note="It is only measured.",
            )
            self.approving.append(time.monotonic() - began)
            if said["state"] != "requested":
                break
        until(self._over)
        self.ended = time.time()
        return time.monotonic() - began

    def where_it_went(self) -> list[str]:
        """Return the run's log of the last move, with seconds before its end."""
        number = self.people["requester"].get(f"/api/requests/{self.asked['id']}/")
        lines = self.people["operator"].pages(f"/api/runs/{number['run']['id']}/lines/")
        return [
            f"{datetime.fromisoformat(line['at']).timestamp() - self.ended:7.2f} s "
            f"{line['text']}"
            for line in lines
        ]

    def _over(self) -> bool:
        said = self.people["requester"].get(f"/api/requests/{self.asked['id']}/")
        if said["state"] == "held" or said["state"] in OVER - {"completed"}:
            raise SystemExit(f"request {said['id']} is {said['state']}: {said['why']}")
        return bool(said["state"] == "completed")
