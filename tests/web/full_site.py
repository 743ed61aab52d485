"""A site that has some of everything, and as much more of everything as one wants.

``FullSite.grow(n)`` adds n rows to each list of the site, and n to what hangs on the
rows that its pages are opened for: the decisions of the request, the lines of the run.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.utils import timezone
from knox.models import AuthToken

from migrations_app.models import (
    Attempt,
    BrokenGlass,
    Choice,
    Cloud,
    Decision,
    Delegation,
    Delivery,
    Display,
    Drain,
    Instance,
    Lane,
    Leak,
    LeakLook,
    MigrationRequest,
    NovaMigration,
    PolicyProposal,
    PolicyVersion,
    Probe,
    Removal,
    Run,
    Sample,
    ServerGroup,
    Session,
    Step,
    TokenScope,
    Window,
)
from tests import factories, measurements, messages
from tests.audit import rows
from tests.stage import Stage

GROUP = "6a1f0c1e-9d2b-4c58-8a01-5b0c2f7e4d11"
STATES = ("requested", "approved", "rejected", "withdrawn", "expired")
RUNS = ("running", "held", "completed", "rolled_back")


class FullSite:
    """The rows of ``factories``; ``reader`` may see every page."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.now = timezone.now()
        self.cloud = factories.cloud()
        self.size = 0
        factories.pacer_seen()
        roles = ("operator", "approver", "auditor")
        self.reader = factories.person("reader", *roles, staff=True)
        Display.objects.create(person=self.reader, time_zone="Europe/Berlin")
        self.instance = self._instance(0, uuid=stage.server)
        self.asked = factories.request(of=self._instance(-1))
        self.run = factories.run(of=factories.request(of=self.instance, state="held"))
        self.drain = self._drain("running")
        self.policy = factories.policy("Hosts of the shop")
        self.window = self._window("Night")
        self.webhook = messages.webhook("chat")
        self.delivery = self._delivery(0)
        self.search = rows.saved_search("Mine", owner=self.reader)
        self.entry = factories.audit_entry(request_number=self.asked.pk)
        self.notice = messages.notice(self.reader, 10_000)
        self.group = Group.objects.get(name="operator")
        Probe.objects.create(run=self.run, target="icmp:192.0.2.7", over_at=self.now)

    def grow(self, by: int) -> None:
        """Have so many rows more of everything."""
        for number in range(self.size + 1, self.size + by + 1):
            self._inventory(number)
            self._moves(number)
            self._of_the_opened(number)
            self._people(number)
        self.size += by

    def _instance(self, number: int, **fields: Any) -> Instance:
        return factories.instance(
            f"web-{number}", cloud=self.cloud, group=GROUP, **fields
        )

    def _inventory(self, number: int) -> None:
        host, now = f"compute-{100 + number}", self.now
        cloud = factories.cloud(f"cloud-{number}")
        for name in (host, "compute-30") if number == 1 else (host,):
            factories.hypervisor(name, cloud=self.cloud, zone=f"OS{number}")
            measurements.snapshots(name, of=self.cloud, hours=3)
            LeakLook.objects.create(cloud=self.cloud, host=name, due_at=now)
        factories.hypervisor(host, cloud=cloud)
        factories.instance(cloud=cloud, host=host)
        ServerGroup.objects.create(
            cloud=self.cloud,
            uuid=GROUP if number == 1 else f"{number:08x}-2222-4000-8000-000000000000",
            name=f"group-{number}",
            policy="anti-affinity",
            seen_at=now,
        )
        for place in (host, "compute-30"):
            of = self._instance(number, host=place, project_id=f"{number:032}")
            self._nova_move(of.uuid, 2 * number + (place == host))
            Leak.objects.create(
                cloud=self.cloud,
                host=place,
                kind="allocation",
                subject=of.uuid,
                sentence="Placement has allocations of this host for it.",
                remedy="Remove the allocation.",
                first_seen=now,
                last_seen=now,
            )
        self._nova_move(self.instance.uuid, 1_000 + number)
        for source, target in ((host, "compute-30"), ("compute-30", host)):
            measurements.copy_speed(source, target, of=self.cloud)
        self.stage.cloud.add_host(host, zone="OS1")
        for place in (host, self.stage.source):
            self.stage.cloud.create(f"guest-{number}-{place}", host=place)

    def _nova_move(self, instance: str, number: int) -> None:
        NovaMigration.objects.create(
            cloud=self.cloud,
            number=number,
            uuid=f"{number:08x}-3333-4000-8000-000000000000",
            instance=instance,
            type="live-migration",
            status="completed",
            source="compute-30",
            target="compute-31",
            created_at=self.now,
        )

    def _moves(self, number: int) -> None:
        person = factories.person(f"asker-{number}", "requester")
        for state in STATES:
            self._decided(factories.request(state=state, asked_by=person), person)
        for state in RUNS:
            run = factories.run(state=state, lines=["It begins.", "It goes on."])
            self._decided(run.request, person)
        self._broken(run.request, person, "d1" * 32)
        self._drain("requested", asked_by=person)
        other = self._drain("completed", asked_by=person)
        for of in (other, self.drain):
            moved = factories.request(drain=of, place=number, state="running")
            factories.run(of=moved, lines=["It begins."])
            left = factories.request(drain=of, place=100 + number, state="requested")
            self._decided(left, person)
            Decision.objects.create(drain=of, **self._decision(person))

    def _drain(self, state: str, **fields: Any) -> Drain:
        services = [{"host": "compute-30", "was_enabled": True, "reason": ""}]
        return factories.drain(state, services=services, **fields)

    def _decision(self, person: User) -> dict[str, Any]:
        return {
            "by": person,
            "by_name": person.username,
            "groups": ["approver"],
            "approves": True,
            "note": "Fine.",
            "plan_digest": factories.DIGEST,
            "at": self.now,
        }

    def _decided(self, request: MigrationRequest, person: User) -> None:
        Decision.objects.create(request=request, **self._decision(person))
        factories.audit_entry(
            request_number=request.pk, actor=person, actor_name=person.username
        )

    def _broken(self, request: MigrationRequest, person: User, digest: str) -> None:
        BrokenGlass.objects.create(
            request=request,
            plan_digest=digest,
            by=person,
            by_name=person.username,
            reason="The host burns.",
            at=self.now,
        )

    def _of_the_opened(self, number: int) -> None:
        person = factories.person(f"approver-{number}", "approver")
        for request in (self.asked, self.run.request):
            self._decided(request, person)
            self._broken(request, person, f"{number:064}")
        factories.request(of=self.instance, state="rejected")
        factories.write_line(self.run, f"Line {number}.")
        Step.objects.create(
            run=self.run,
            position=100 + number,
            key=f"step-{number}",
            sentence="Look again.",
            state="done",
            begun_at=self.now,
            done_at=self.now,
        )
        Sample.objects.create(run=self.run, at=self.now, lost=0, answers=[[0, 1]])
        PolicyVersion.objects.create(
            policy=self.policy,
            number=number,
            rule={"name": "x", "active": True, "weight": 1, **self.policy.rule},
            by=person,
            by_name=person.username,
            at=self.now,
        )
        factories.policy(f"Policy {number}")
        self._window(f"Window {number}")
        self._delivery(number)
        Attempt.objects.create(
            delivery=self.delivery, at=self.now, took_ms=12, good=False, status=503
        )

    def _people(self, number: int) -> None:
        taker = factories.person(f"taker-{number}", "approver", "requester")
        for giver, to in ((self.reader, taker), (taker, self.reader)):
            Delegation.objects.create(
                giver=giver,
                giver_name=giver.username,
                taker=to,
                taker_name=to.username,
                reason="Holidays.",
                starts_at=self.now,
                ends_at=self.now + timedelta(days=7),
                made_at=self.now,
            )
        Session.objects.create(
            session_key=f"session-{number}",
            person=self.reader,
            began_at=self.now,
            used_at=self.now,
            expire_date=self.now + timedelta(days=9_000),
            agent="Firefox on Linux",
            address="192.0.2.7",
        )
        token, _ = AuthToken.objects.create(self.reader)
        TokenScope.objects.create(token=token, scope="read")
        PolicyProposal.objects.create(
            name=f"Proposal {number}",
            weight=1,
            active=True,
            rule=self.policy.rule,
            note="So.",
            by_name=taker.username,
            at=self.now,
        )
        messages.notice(self.reader, number, read=number % 2 == 0)
        rows.saved_search(f"Search {number}", owner=self.reader)
        rows.saved_search("Shared", owner=taker)
        group = Group.objects.create(name=f"group-{number}")
        self.reader.groups.add(group)
        for whose in ({"group": group}, {"person": taker}):
            Choice.objects.create(event="held", channel="mail", scope="all", **whose)
        run = Run.objects.order_by("-pk")[0]
        Removal.objects.create(run=run, what=f"log-{number}", count=2, at=self.now)
        Lane.objects.create(key=f"webhook:{1_000 + number}")
        factories.audit_entry(note="Seldom words: quokka.")

    def _window(self, name: str) -> Window:
        return Window.objects.create(
            name=name,
            kind="maintenance",
            time_zone="Europe/Berlin",
            starts="2026-01-01T22:00:00",
            ends="2026-01-02T04:00:00",
            recurrence="FREQ=DAILY",
            reason="The quiet hours.",
            uid=f"{name}@novaweb",
            begins_at=self.now - timedelta(days=300),
            changed_by_name="olga",
            changed_at=self.now,
        )

    def _delivery(self, number: int) -> Delivery:
        hook = self.webhook
        if number:
            hook = messages.webhook(f"chat-{number}")
        return Delivery.objects.create(
            token=f"msg_{number}",
            channel="webhook",
            lane=f"webhook:{hook.pk}",
            webhook=hook,
            person=self.reader,
            to=hook.name,
            event="held",
            body="{}",
            made_at=self.now,
        )

    def clouds(self) -> list[str]:
        """Return the names of all clouds, which the settings are to name."""
        return list(Cloud.objects.values_list("name", flat=True))
