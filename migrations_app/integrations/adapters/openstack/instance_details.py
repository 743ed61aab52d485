"""What a real cloud says of an instance's surroundings: volumes, shares, agents, …"""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import quote

from migrations_app.errors import Gone, WorldError
from migrations_app.integrations.adapters.openstack import http_errors, parsing
from migrations_app.integrations.adapters.openstack.session import Wire
from migrations_app.integrations.interfaces import Agent, Server, Volume

# The newest microversion of each major version of Nova (its
# rest_api_version_history.rst); a later one is of the last, or newer still.
NEWEST = {
    (2, 72): (19, 19),
    (2, 79): (20, 20),
    (2, 87): (21, 22),
    (2, 88): (23, 23),
    (2, 90): (24, 25),
    (2, 93): (26, 26),
    (2, 95): (27, 28),
    (2, 96): (29, 30),
    (2, 100): (31, 32),
    (2, 103): (33, 33),
}
AFTER = (34, 99)
SHARES = (2, 97)


class Around:
    """One part of ``interfaces.Cloud``; see there for what each method says."""

    name: str
    _wire: Wire

    def release(self) -> tuple[int, int] | None:
        newest = self._wire.newest_compute()
        return next((them for top, them in NEWEST.items() if newest <= top), AFTER)

    def volumes(self, server: Server) -> list[Volume]:
        with http_errors.sense(self.name, "block-storage"):
            return [parsing.volume(it) for it in self._volumes(server)]

    def _volumes(self, server: Server) -> list[dict[str, Any]]:
        if not server.volumes or not self._wire.has("block-storage"):
            return []
        found = []
        with http_errors.sense(self.name, "block-storage"):
            for volume_id in server.volumes:
                path = f"/volumes/{quote(volume_id, safe='')}"
                with contextlib.suppress(Gone):
                    answer = self._wire.ask("block-storage", "GET", path)
                    found.append(dict(answer["volume"]))
        return found

    def shares(self, server_id: str) -> list[str]:
        if self._wire.newest_compute() < SHARES:
            return []
        path = f"/servers/{quote(server_id, safe='')}/shares"
        gone = f"Instance {server_id} does not exist in cloud {self.name} (any more)."
        with http_errors.sense(self.name, "compute"):
            answer = self._wire.ask("compute", "GET", path, gone=gone)
            return [str(it["share_id"]) for it in answer["shares"]]

    def network_agents(self, host: str) -> list[Agent]:
        with http_errors.sense(self.name, "network"):
            try:
                answer = self._wire.ask(
                    "network", "GET", "/agents", params={"host": host}
                )
            except Gone:  # a Neutron whose plugin has no agents
                return []
            return [parsing.agent(it) for it in answer["agents"]]

    def has_image(self, image_id: str) -> bool:
        return self._image(image_id) is not None

    def image_properties(self, image_id: str) -> dict[str, str] | None:
        """Return what Glance says of the image; None: it is gone, or nobody knows."""
        try:
            found = self._image(image_id) if self._wire.has("image") else None
        except WorldError:
            return None
        return None if found is None else {k: str(v) for k, v in found.items()}

    def image_at_boot(self, server: Server) -> dict[str, str] | None:
        """Return the properties of the image that the instance was made of.

        An instance on a volume has those that Cinder kept of it: Nova took them from
        the volume it boots from (``get_bdm_image_metadata`` in nova/block_device.py,
        34.0), which is told from the others by being the only bootable one. None:
        which one it is, or what it says, is not known.
        """
        if server.image is not None:
            return self.image_properties(server.image)
        try:
            found = [it for it in self._volumes(server) if it.get("bootable") == "true"]
        except WorldError:
            return None
        if len(found) != 1:
            return None
        kept = found[0].get("volume_image_metadata") or {}
        return {k: str(v) for k, v in kept.items()}

    def _image(self, image_id: str) -> dict[str, Any] | None:
        # asked for one image, Glance says in HTML that there is none
        wanted = {"id": f"in:{image_id}", "visibility": "all"}
        with http_errors.sense(self.name, "image"):
            for hidden in ("false", "true"):
                params = {**wanted, "os_hidden": hidden}
                answer = self._wire.ask("image", "GET", "/images", params=params)
                if answer["images"]:
                    return dict(answer["images"][0])
        return None
