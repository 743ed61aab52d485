"""Has the scenes played: asked, approved, refused, by the people of the demo."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from django.contrib.auth.models import User
from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone

from demo.shown.cloud import Special
from demo.shown.scenes import Emptying, Scene
from demo.words import say
from migrations_app.drains import actions as drain_actions
from migrations_app.errors import NovawebError, TooLate, Unfit
from migrations_app.inventory.copy_speeds import actions as copy_speed_actions
from migrations_app.models import (
    BrokenGlass,
    CopySpeed,
    Decision,
    Drain,
    Hypervisor,
    Instance,
)
from migrations_app.models import MigrationRequest as Request
from migrations_app.models.states import DrainState, RequestState
from migrations_app.requests import actions as request_actions
from migrations_app.requests import emergency_start

PLANNING_PATIENCE = 60.0  # seconds until a drain is planned
Part = TypeVar("Part", Scene, Emptying)


class Seeding:
    """``pause`` is called while something is waited for, and lets time pass.

    ``tell`` hears of everything that is new.
    """

    def __init__(
        self,
        people: Mapping[str, User],
        special: Special,
        *,
        cloud: str,
        scenes: Sequence[Scene],
        emptyings: Sequence[Emptying],
        pause: Callable[[], None],
        tell: Callable[[str], None] = say,
    ) -> None:
        self.people = people
        self.special = special
        self.cloud = cloud
        self.scenes = scenes
        self.emptyings = emptyings
        self.pause = pause
        self.tell = tell

    def play(self) -> None:
        """All was asked for, and all but the drains is decided about as it should be.

        What cannot be had says why, and keeps nothing else from being there. What was
        approved goes on by itself.
        """
        for emptying in self.emptyings:
            self._try(emptying, self._ask_drain)
        for scene in self.scenes:
            self._try(scene, self._scene)

    def measure(self, source: str, target: str) -> None:
        """How fast the one host copies to the other is measured, by a worker."""
        if CopySpeed.objects.filter(source=source, target=target).exists():
            return
        copy_speed_actions.ask(
            by=self.people["operator"], source=source, target=target, cloud=self.cloud
        )
        self.tell(f"The speed from {source} to {target} is being measured.")

    def settle(self) -> None:
        """The drains, which the workers have planned by now, are decided about too."""
        for emptying in self.emptyings:
            self._try(emptying, self._decide_drain)

    def _try(self, each: Part, play: Callable[[Part], None]) -> None:
        try:
            play(each)
        except (NovawebError, DatabaseError) as error:
            self.tell(f"  not to be had: {each.shows}. {error}")

    # -- requests ------------------------------------------------------------------
    def _scene(self, scene: Scene) -> None:
        request = Request.objects.filter(ticket=scene.ticket).order_by("-pk").first()
        if request is None or _missed(scene, request):
            request = self._ask(scene)
            self.tell(f"Request {request.pk}, {request.instance_name}: {scene.shows}.")
        match scene.then:
            case "rejected" if request.state == RequestState.REQUESTED:
                note = "Not this week: the quarter is being closed."
                request_actions.reject(
                    request.pk, by=self.people["approver"], note=note
                )
            case "withdrawn" if request.state == RequestState.REQUESTED:
                note = "It is to be stopped for good instead."
                request_actions.withdraw(
                    request.pk, by=self.people["requester"], note=note
                )
            case "glass":
                self._glass(request)
        self._approve(scene, request)

    def _ask(self, scene: Scene) -> Request:
        """Ask for the first of its guests that can be moved that way."""
        by, refusals = self.people["requester"], []
        start = end = None
        if scene.tonight:
            start = timezone.now().replace(minute=0, second=0, microsecond=0)
            start += timedelta(hours=10)
            end = start + timedelta(hours=4)
        rows = {row.name: row for row in Instance.objects.filter(name__in=scene.guests)}
        for guest in filter(None, map(rows.get, scene.guests)):
            for target in self._targets(guest):
                try:
                    return request_actions.ask(
                        by=by,
                        instance=guest.uuid,
                        procedure=scene.procedure,
                        target=target,
                        reason=scene.reason,
                        ticket=scene.ticket,
                        window_start=start,
                        window_end=end,
                        cloud=self.cloud,
                    )
                except TooLate as error:
                    refusals.append(error.sentence)
                    break
                except NovawebError as error:
                    refusals.append(error.sentence)
        raise Unfit(refusals[-1] if refusals else "None of its instances is there.")

    def _targets(self, guest: Instance) -> list[str]:
        """Return where it may go, the emptiest first: the pre-flight looks at each.

        In its own zone, and to no host that a drain is to empty.
        """
        emptied = {host for each in self.emptyings for host in each.hosts}
        ours = Hypervisor.objects.filter(cloud=guest.cloud)
        zone = ours.filter(host=guest.host).values_list("zone", flat=True).first()
        rows = ours.filter(zone=zone, up=True, enabled=True).exclude(host=guest.host)
        free = rows.order_by(F("memory_used") - F("memory_total"), "host")
        return [row.host for row in free if row.host not in emptied]

    def _approve(self, scene: Scene, request: Request) -> None:
        for name in scene.approvals:
            request.refresh_from_db()
            said = Decision.objects.filter(request=request, by=self.people[name])
            if request.state != RequestState.REQUESTED or said.exists():
                continue
            if scene.mishap:
                self.special.before(request.instance, scene.mishap)
            request_actions.approve(
                request.pk,
                by=self.people[name],
                plan_digest=request.plan_digest,
                note="The plan is what was agreed.",
            )
            request.refresh_from_db()
            if scene.mishap and request.state != RequestState.REQUESTED:
                self.special.after(request.instance, scene.mishap)

    def _glass(self, request: Request) -> None:
        broken = BrokenGlass.objects.filter(request=request).first()
        if broken is None and request.state == RequestState.REQUESTED:
            emergency_start.start(
                request.pk,
                by=self.people["operator"],
                plan_digest=request.plan_digest,
                reason="The host may stop at any moment, and nobody answers.",
            )
            broken = BrokenGlass.objects.filter(request=request).first()
        if broken is not None and broken.reviewed_at is None:
            emergency_start.review(
                request.pk,
                by=self.people["approver-2"],
                note="Right so: the memory was replaced the same day.",
            )

    # -- drains --------------------------------------------------------------------
    def _ask_drain(self, each: Emptying) -> None:
        if Drain.objects.filter(ticket=each.ticket).exists():
            return
        drain = drain_actions.ask(
            by=self.people["operator"],
            hosts=each.hosts,
            reason=each.reason,
            cloud=self.cloud,
            ticket=each.ticket,
            afterwards=each.afterwards,
        )
        self.tell(f"Drain {drain.pk}, {', '.join(each.hosts)}: {each.shows}.")

    def _decide_drain(self, each: Emptying) -> None:
        drain = Drain.objects.filter(ticket=each.ticket).first()
        if drain is None:
            return  # why it could not be asked for is told
        deadline = time.monotonic() + PLANNING_PATIENCE
        while each.approvals and drain.state == DrainState.PLANNING:
            if time.monotonic() > deadline:
                raise Unfit("It is still being planned.")
            self.pause()
            drain.refresh_from_db()
        for name in each.approvals:
            drain.refresh_from_db()
            said = Decision.objects.filter(drain=drain, by=self.people[name])
            if drain.state != DrainState.REQUESTED or said.exists():
                continue
            drain_actions.approve(
                drain.pk,
                by=self.people[name],
                plan_digest=drain.plan_digest,
                note="All of its instances have a place.",
            )


def _missed(scene: Scene, request: Request) -> bool:
    """Tell whether what was to go wrong came too late, so that all went well."""
    return bool(scene.mishap) and request.state == RequestState.COMPLETED
