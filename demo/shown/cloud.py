"""What is special about the two clouds of the demo, and what goes wrong in them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from migrations_app.errors import Unreachable
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import Flavor
from pretend import PretendCloud

if TYPE_CHECKING:
    from openstack.connection import Connection

TINY = Flavor(name="m1.tiny", vcpus=1, ram_mb=512, disk_gb=1)
PATIENCE = 60.0  # seconds until Nova is at it


class Special(Protocol):
    """A cloud that things go wrong in, when the demo wants them to."""

    def enrich(self) -> None:
        """What the demo needs beside what the cloud holds by itself is there."""

    def before(self, instance: str, mishap: str) -> None:
        """Bring the mishap about, of a move that is not approved yet."""

    def after(self, instance: str, mishap: str) -> None:
        """The same, of a move that has just been approved."""


class Pretend:
    """The pretend cloud: its levers say how a move is to fail."""

    def __init__(self) -> None:
        cloud = connect.cloud_of(connect.PRETEND)
        if not isinstance(cloud, PretendCloud):
            raise TypeError("the cloud “pretend” is no pretend cloud")
        self.cloud = cloud

    def enrich(self) -> None:
        """Two hosts more: one to be emptied, one for a move that has no end.

        And an instance that is gone, whose allocation is not: a leak.
        """
        # else whatever leaves that host live would wait for the move that has no end
        self.cloud.set(max_concurrent_live_migrations=4)
        there = {service.host for service in self.cloud.services()}
        with self.cloud.many():
            if "compute-35" not in there:
                self.cloud.add_host("compute-35", zone="OS1")
                self.cloud.create("night-busy", host="compute-35", flavor=TINY)
            if "compute-36" not in there:
                self.cloud.add_host("compute-36", zone="OS1")
                for name in ("night-01", "night-02"):
                    self.cloud.create(name, host="compute-36", flavor=TINY)
                gone = self.cloud.create("night-gone", host="compute-34", flavor=TINY)
                self.cloud.edit(gone, deleted=True)

    def before(self, instance: str, mishap: str) -> None:
        """Have the instance's next move fail so."""
        whys = {
            "finish": "No space left on device: the disk of the guest is not whole.",
            "transfer": "The connection between the two hosts broke.",
        }
        if mishap in ("finish", "transfer", "never"):
            self.cloud.spoil(instance, mishap, whys.get(mishap, ""))  # type: ignore[arg-type]

    def after(self, instance: str, mishap: str) -> None:
        """Nothing: all was said before."""


class Lab:
    """The lab: what goes wrong there is what an administrator does past novaweb."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def enrich(self) -> None:
        """Nothing: the lab seeds itself."""

    def before(self, instance: str, mishap: str) -> None:
        """Nothing: while it rests nothing can be done that would not be found."""

    def after(self, instance: str, mishap: str) -> None:
        """Reset its state to ERROR in the middle of its move, past novaweb.

        Raises Unreachable where Nova does not let it.
        """
        # a demo on the pretend cloud need not load it
        from openstack.exceptions import SDKException

        compute, deadline = self.connection.compute, time.monotonic() + PATIENCE
        try:
            while mishap and time.monotonic() < deadline:
                if compute.get_server(instance).status in {"RESIZE", "VERIFY_RESIZE"}:
                    compute.reset_server_state(instance, "error")
                    return
                time.sleep(0.1)
        except SDKException as error:
            raise Unreachable(str(error)) from error
