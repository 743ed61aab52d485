"""What the clouds themselves say about an instance: the witness of the main job."""

from __future__ import annotations

from demo.client import Api


class Nova:
    """The lab's Nova, asked past novaweb."""

    def __init__(self) -> None:
        # Not before the place's environment is ours: its libraries look in the home
        # as soon as they are imported.
        import openstack

        self.connection = openstack.connect(cloud="lab")

    def stands(self, instance: str) -> tuple[str, str]:
        """Return the host and the status of an instance, as Nova has them now."""
        server = self.connection.compute.get_server(instance)
        return str(server.compute_host), str(server.status)


class Inventory:
    """The pretend cloud has no other way in: its witness is novaweb's inventory."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def stands(self, instance: str) -> tuple[str, str]:
        """Return the host and the status of an instance, as last synchronised."""
        for one in self.api.pages("/api/instances/"):
            if one["id"] == instance:
                return str(one["host"]), str(one["status"])
        return "no host", "GONE"
