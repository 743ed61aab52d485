"""The demo, installed for a test."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from django.contrib.auth.models import User
from django.utils import timezone

from demo.ear import Ear
from demo.people import ADMIN, PARTS
from demo.shown.show import Show
from migrations_app import jobs
from migrations_app.audit import tokens as api_tokens
from migrations_app.models import Drain
from migrations_app.models import MigrationRequest as Request
from migrations_app.notifications import delivery, dispatch
from pretend import PretendCloud, seed
from tests import factories
from tests.free_port import free_port


class Installation:
    """The demo on a pretend cloud, where time passes only when somebody waits."""

    def __init__(self, folder: Path) -> None:
        self.time = timezone.now()
        self.cloud = PretendCloud("pretend", folder / "pretend.sqlite3", clock=self.now)
        seed(self.cloud)
        self.ear = Ear(folder / "webhook.log", port=free_port())
        for name, part in PARTS.items():
            if not User.objects.filter(username=name).exists():
                roles = [part.role] if part.role else []
                user = factories.person(name, *roles, staff=name == ADMIN)
                api_tokens.create(user, scope="decide")

    def now(self) -> datetime:
        return self.time

    def work(self) -> None:
        """A few seconds pass, and the workers do what is due."""
        self.time += timedelta(seconds=3)
        jobs.walk_due()
        jobs.measure_speeds()

    def start(self) -> Show:
        """What ``make dev`` does between two starts of its programs."""
        show = Show(pretend=True, pause=self.work)
        show.furnish(self.ear.url)
        show.enrich()
        jobs.sync("pretend")
        show.play()
        show.settle()
        return show

    def rest(self) -> None:
        """Time passes until all that ends by itself has ended."""
        for _ in range(200):
            self.work()
            moving = Request.objects.filter(state="running")
            under_way = Drain.objects.filter(state__in=("approved", "running"))
            if moving.count() == 1 and not under_way.exists():
                break
        jobs.sync("pretend")
        for _ in range(4):
            jobs.look_for_leaks()
            self.time += timedelta(seconds=30)
        dispatch.tell_due(self.time)
        for lane in delivery.lanes_due(self.time):
            delivery.serve(lane, clock=self.now)
