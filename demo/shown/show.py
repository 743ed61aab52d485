"""The whole of it, in the order in which an installation comes up."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import User

from demo.people import PARTS
from demo.shown import scenes
from demo.shown.cloud import Lab, Pretend, Special
from demo.shown.house import furnish
from demo.shown.seeding import Seeding
from demo.worlds import Nova


class Show:
    """What is to be seen of one installation, whose accounts are there."""

    def __init__(self, *, pretend: bool, pause: Callable[[], None]) -> None:
        self.pretend = pretend
        self.pause = pause
        found = {user.get_username(): user for user in User.objects.all()}
        self.people = {name: found[name] for name in PARTS}

    def furnish(self, listener: str) -> None:
        """The house has its rules; no cloud is needed for that."""
        furnish(self.people, listener=listener)

    def enrich(self) -> None:
        """The cloud, which answers by now, holds what the scenes need."""
        self.special: Special = Pretend() if self.pretend else Lab(Nova().connection)
        self.special.enrich()

    def play(self) -> None:
        """All requests are as they are meant to be, and drains are being planned."""
        drawn = (
            (scenes.PRETEND, scenes.PRETEND_DRAINS)
            if self.pretend
            else (scenes.LAB, scenes.LAB_DRAINS)
        )
        self.seeding = Seeding(
            self.people,
            self.special,
            cloud="pretend" if self.pretend else "lab",
            scenes=drawn[0],
            emptyings=drawn[1],
            pause=self.pause,
        )
        self.seeding.play()
        if self.pretend:  # whose hosts can be entered
            self.seeding.measure("compute-30", "compute-34")

    def settle(self) -> None:
        """The drains are as they are meant to be; workers must run for that."""
        self.seeding.settle()
