"""The main job, played through the site's API: two moves, asked, approved, watched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from demo.client import Api, Refused
from demo.words import Stopped, heading, say

APPROVERS = ("approver", "approver-2")
MOVE_PATIENCE = 300.0  # seconds
OVER = {"completed", "rolled_back", "closed", "rejected", "withdrawn", "expired"}


class World(Protocol):
    """What the cloud itself says, past novaweb: it is what a move is judged by."""

    def stands(self, instance: str) -> tuple[str, str]:
        """Return the host and the status of an instance."""


class Story:
    """Tells itself in the terminal; ``look_after`` keeps the programs alive."""

    def __init__(
        self,
        people: Mapping[str, Api],
        world: World,
        *,
        look_after: Callable[[], None],
    ) -> None:
        self.people = people
        self.world = world
        self.look_after = look_after
        self.moved: set[str] = set()

    def tell(self) -> bool:
        """Move one instance live and another cold; True if the cloud confirms both.

        Both are under way at once, and are told of one after the other.
        """
        begun = [
            self.begin("live", "so that its host can be emptied"),
            self.begin("cold", "to spread the load"),
        ]
        proven = [self.watch(asked) for asked in begun]
        return all(proven)

    def begin(self, procedure: str, reason: str) -> dict[str, Any]:
        """Return a request that was asked for and has its approvals."""
        heading(f"A {procedure} move")
        asked = self.ask(procedure, reason)
        say(f"requester asked: request {asked['id']}, to {asked['target']}. The plan:")
        for number, step in enumerate(asked["plan"], start=1):
            say(f"  {number}. {step['sentence']}")
        self.approve(asked)
        return asked

    def watch(self, asked: Mapping[str, Any]) -> bool:
        """Tell of one request to its end; True if the instance is on its target."""
        target = asked["target"]
        heading(f"How the {asked['procedure']} move goes")
        ended = self.follow(asked["id"])
        host, status = self.world.stands(asked["instance"])
        proven = ended == "completed" and host == target and status == "ACTIVE"
        verdict = "verified" if proven else f"NOT as asked for, which was {target}"
        say(f"{ended}; the cloud says: on {host}, {status}: {verdict}.")
        return proven

    def ask(self, procedure: str, reason: str) -> dict[str, Any]:
        """A request for an instance and a target that nothing speaks against."""
        requester = self.people["requester"]
        under_way = requester.pages("/api/requests/?state=open")
        taken = {request["instance"] for request in under_way} | self.moved
        for instance in requester.pages("/api/instances/"):
            if instance["status"] != "ACTIVE" or instance["id"] in taken:
                continue
            say(f"{instance['name']} is on {instance['host']}.")
            try:
                asked: dict[str, Any] = requester.post(
                    "/api/requests/",
                    instance=instance["id"],
                    procedure=procedure,
                    target=self.best_target(instance["id"], procedure),
                    reason=f"Demonstration: moved {reason}.",
                    ticket="DEMO-1",
                )
            except Refused as refusal:
                # e.g. an open request that an earlier demo left: try another one
                say(f"  not this one: {refusal}")
                continue
            self.moved.add(instance["id"])
            return {**asked, "instance": instance["id"]}
        raise Stopped(
            f"There is no instance that could be moved {procedure} now. "
            "`python3 -m lab reset` and `python3 -m lab seed` give new ones."
        )

    def approve(self, asked: Mapping[str, Any]) -> None:
        """As many approvers as its policy wants have approved this very plan."""
        for name in APPROVERS:
            left = self.people[name].post(
                f"/api/requests/{asked['id']}/approve/",
                plan_digest=asked["plan_digest"],
                note="The plan is what was agreed.",
            )
            if left["state"] != "requested":
                say(f"{name} approved this very plan; it starts by itself.")
                return
            say(f"{name} approved this very plan; its policy wants two to.")

    def best_target(self, instance: str, procedure: str) -> str:
        """The first host that pre-flight has nothing against."""
        advice = self.people["requester"].post(
            "/api/preflight/", instance=instance, procedure=procedure
        )["advice"]
        for one in advice:
            fits = one["procedure"] == procedure and one["verdict"] != "blocks"
            if fits and one["target"]:
                return str(one["target"])
        raise Refused(409, "Pre-flight has something against every host.")

    def follow(self, number: int) -> str:
        """Print the run's lines as they come; the state in which the request ended."""
        operator, last = self.people["operator"], 0
        for _ in self.moments(MOVE_PATIENCE):
            request = operator.get(f"/api/requests/{number}/")
            run = request.get("run")
            if run:
                lines = operator.pages(f"/api/runs/{run['id']}/lines/?after={last}")
                for line in lines:
                    say(f"  {line['number']:3} {line['text']}")
                    last = line["number"]
            state = str(request["state"])
            if state in OVER:
                return state
            if state in {"held", "requested"}:
                why = (run or {}).get("why") or request.get("why") or "no reason given"
                return f"{state} ({why})"
        return "still under way"

    def moments(self, seconds: float) -> Iterator[None]:
        """Twice a second, until the time is over; the programs are kept alive."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.look_after()
            yield
            time.sleep(0.5)
