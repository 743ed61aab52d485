"""The whole of it, in the order in which an installation comes up."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.contrib.auth.models import User
from django.db import connections

from demo.people import PARTS
from demo.shown import scenes
from demo.shown.cloud import Lab, Pretend, Special
from demo.shown.house import furnish
from demo.shown.seeding import Seeding
from demo.site import manage
from demo.words import say
from demo.worlds import Nova
from migrations_app.models import Instance


class Show:
    """What is to be seen of one installation, whose accounts are there."""

    def __init__(self, *, pretend: bool, pause: Callable[[], None]) -> None:
        self.pretend = pretend
        self.pause = pause
        found = {user.get_username(): user for user in User.objects.all()}
        self.people = {name: found[name] for name in PARTS}
        self._beside: threading.Thread | None = None
        self._told: list[str] = []
        self._trouble: Exception | None = None

    def furnish(self, listener: str) -> None:
        """The house has its rules; no cloud is needed for that."""
        furnish(self.people, listener=listener)

    def enrich(self) -> None:
        """The cloud, which answers by now, holds what the scenes need."""
        self.special: Special = Pretend() if self.pretend else Lab(Nova().connection)
        self.special.enrich()

    def all_are_known(self) -> bool:
        """Read the cloud; tell whether it had all the instances of an earlier start."""
        before = Instance.objects.count()
        say(manage("sync").strip())
        return 0 < before <= Instance.objects.count()

    def begin(self) -> None:
        """``play`` goes on beside the caller; ``settle`` waits for it.

        The pretend cloud answers at once, so there it is over already.
        """
        if self.pretend:
            self.play(tell=self._told.append)
            return
        self._beside = threading.Thread(target=self._play, name="show", daemon=True)
        self._beside.start()

    def _play(self) -> None:
        try:
            self.play(tell=self._told.append)
        except Exception as error:  # noqa: BLE001 - settle() raises it
            self._trouble = error
        finally:
            connections.close_all()

    def play(self, *, tell: Callable[[str], None] = say) -> None:
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
            tell=tell,
        )
        self.seeding.play()
        if self.pretend:  # whose hosts can be entered
            self.seeding.measure("compute-30", "compute-34")

    def settle(self) -> None:
        """The drains are as they are meant to be; workers must run for that."""
        while self._beside is not None and self._beside.is_alive():
            self.pause()
        for line in self._told or ["All of it is there since an earlier start."]:
            say(line)
        if self._trouble is not None:
            raise self._trouble
        self.seeding.tell = say
        self.seeding.settle()
