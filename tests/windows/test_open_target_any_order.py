"""No move with an open target begins while it may land in a freeze; no other waits.

Hypothesis makes and ends freezes, switches hosts, has the inventory forget them, and
has people choose a target. Which freezes count is reckoned here from what was called.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import hypothesis
import pytest
from django.conf import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from migrations_app.models import Hypervisor, MigrationRequest, Run
from migrations_app.requests import actions as request_actions
from migrations_app.requests import amend as request_amend
from migrations_app.requests import start as request_start
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows.actions import Wish
from tests import factories
from tests.cast import Cast
from tests.played import Play
from tests.shorter import examples

pytestmark = [pytest.mark.django_db, pytest.mark.long]
SOURCE, TARGET = "compute-30", "compute-34"
HOSTS = {SOURCE: "OS1", TARGET: "OS1", "compute-35": "OS2", "compute-36": "OS3"}
ELSEWHERE, ITS_ZONE = "compute-90", "OS9"
OTHERS = st.sampled_from([host for host in HOSTS if host != SOURCE])
NAMES = st.sampled_from([*HOSTS, ELSEWHERE, "compute-99"])
ZONES = st.sampled_from(["OS1", "OS2", "OS3", ITS_ZONE, "OS7"])
CLOUDS = st.sampled_from([(), (), ("pretend",), ("other",)])
HELD = "It cannot start yet and is tried again: There is a freeze, “F"


@dataclass(frozen=True)
class Freeze:
    """What was made: everywhere where it names nothing."""

    number: int
    until: datetime
    clouds: tuple[str, ...]
    zones: frozenset[str]
    hosts: frozenset[str]


class OpenTargets(Play):
    """One instance, four hosts and one of another cloud, freezes, and the clock."""

    def __init__(self) -> None:
        super().__init__()
        clouds = [*settings.NOVAWEB_CLOUDS, "other"]
        self.patch.setattr(settings, "NOVAWEB_CLOUDS", clouds)
        self.cast = Cast()
        self.freezes: list[Freeze] = []
        self.zones = dict(HOSTS)
        self.disabled: set[str] = set()
        for host, zone in HOSTS.items():
            factories.hypervisor(host, zone=zone)
        factories.hypervisor(ELSEWHERE, cloud=factories.cloud("other"), zone=ITS_ZONE)

    @property
    def request(self) -> MigrationRequest:
        return MigrationRequest.objects.get(open_instance__isnull=False)

    @initialize()
    def begin(self) -> None:
        self.edits = 0
        request_actions.ask(
            by=self.cast.requester,
            instance=self.stage.server,
            procedure="live",
            target=None,
            reason="So.",
        )
        self.approve()

    def approve(self) -> None:
        request = self.request
        if request.state == "requested":
            self.cast.approve(request, by=self.cast.approver)

    # -- freezes -----------------------------------------------------------------------
    @precondition(lambda self: len(self.freezes) < 4)
    @rule(
        hours=st.sampled_from([1, 3, 6]),
        clouds=CLOUDS,
        zones=st.sets(ZONES, max_size=2),
        hosts=st.sets(NAMES, max_size=2),
    )
    def freeze(
        self, hours: int, clouds: tuple[str, ...], zones: set[str], hosts: set[str]
    ) -> None:
        first = self.stage.time.replace(tzinfo=None, second=0, microsecond=0)
        last = first + timedelta(hours=hours)
        row = window_actions.create(
            Wish(
                f"F{len(self.freezes)}",
                "freeze",
                first - timedelta(minutes=1),
                last,
                "So.",
                "UTC",
                clouds=clouds,
                zones=tuple(zones),
                hosts=tuple(hosts),
            ),
            by=self.cast.operator,
        )
        until = last.replace(tzinfo=self.stage.time.tzinfo)
        made = Freeze(row.pk, until, clouds, frozenset(zones), frozenset(hosts))
        self.freezes.append(made)

    @precondition(lambda self: self.freezes)
    @rule(nth=st.integers(0, 3))
    def end(self, nth: int) -> None:
        ended = self.freezes.pop(nth % len(self.freezes))
        window_actions.retire(ended.number, by=self.cast.operator, note="Over.")

    # -- hosts -------------------------------------------------------------------------
    @rule(host=OTHERS)
    def switch(self, host: str) -> None:
        self.disabled ^= {host}
        there = Hypervisor.objects.filter(host=host)
        there.update(enabled=host not in self.disabled)

    @rule(host=OTHERS, zone=st.sampled_from(["", "OS1", "OS2", "OS3"]))
    def place(self, host: str, zone: str) -> None:
        """Have the inventory believe that it is there; empty: it does not know."""
        if host in self.zones:
            self.zones[host] = zone
            Hypervisor.objects.filter(host=host).update(zone=zone)

    @precondition(lambda self: len(self.zones) > 2)
    @rule(host=OTHERS)
    def forget(self, host: str) -> None:
        self.zones.pop(host, None)
        Hypervisor.objects.filter(host=host).delete()

    # -- the move ----------------------------------------------------------------------
    @rule(host=st.sampled_from([None, TARGET]))
    def choose(self, host: str | None) -> None:
        """Have somebody choose a target, or leave it open again."""
        request = self.request
        self.edits += 1
        request_amend.amend(
            request.pk,
            by=self.cast.operator,
            plan_digest=request.plan_digest,
            note="So.",
            changes={"target": host, "reason": f"So, {self.edits}."},
        )
        self.approve()

    @rule(hours=st.sampled_from([0, 0, 1, 3]))
    def work(self, hours: int) -> None:
        self.stage.time += timedelta(hours=hours, seconds=61)
        counting = self.counting()
        request_start.start_due(self.stage.time)
        request = MigrationRequest.objects.latest("pk")
        run = Run.objects.filter(request=request).first()
        if run is None:
            assert request.state == "approved", request.why
            assert counting, request.why
            assert request.why.startswith(HELD)
            sure = any(self.is_for_it(each) for each in counting)
            assert ("choose a target" in request.why) != sure
            return
        assert not counting, counting
        Run.objects.filter(pk=run.pk).update(state="closed")
        MigrationRequest.objects.filter(pk=request.pk).update(
            state="closed", open_instance=None
        )
        self.begin()

    def counting(self) -> list[Freeze]:
        now = self.stage.time
        return [
            each
            for each in self.freezes
            if now < each.until and (self.is_for_it(each) or self.may_be(each))
        ]

    def is_for_it(self, freeze: Freeze) -> bool:
        """Whether it is for a host that the move has for certain."""
        chosen = [host for host in (SOURCE, self.request.target) if host]
        return self.in_cloud(freeze) and (
            not freeze.zones | freeze.hosts
            or any(self.covers(freeze, host) for host in chosen)
        )

    def may_be(self, freeze: Freeze) -> bool:
        """Whether it may be for what the scheduler chooses."""
        if self.request.target or not self.in_cloud(freeze):
            return False
        others = [h for h in self.zones if h not in self.disabled and h != SOURCE]
        known = {*self.zones, ELSEWHERE}
        places = {*self.zones.values(), ITS_ZONE}
        return any(self.covers(freeze, host) for host in others) or bool(
            freeze.hosts - known if freeze.hosts else freeze.zones - places
        )

    def in_cloud(self, freeze: Freeze) -> bool:
        return not freeze.clouds or "pretend" in freeze.clouds

    def covers(self, freeze: Freeze, host: str) -> bool:
        zone = self.zones.get(host, "")
        return (not freeze.hosts or host in freeze.hosts) and (
            not freeze.zones or not zone or zone in freeze.zones
        )


SETTINGS = hypothesis.settings(
    max_examples=examples(30),
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(hypothesis.HealthCheck),
)


@pytest.mark.filterwarnings("ignore::hypothesis.errors.NonInteractiveExampleWarning")
def test_no_move_begins_that_may_land_in_a_freeze() -> None:
    run_state_machine_as_test(OpenTargets, settings=SETTINGS)
