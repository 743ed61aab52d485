"""Guests on the lab's libvirt hypervisors, and what their hosts really have of them.

The witness of a move is the guest itself: it counts on its console, and keeps its boot
number on its disk (lab/guest/init).
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openstack

from migrations_app.adapters.ssh import SshHosts
from migrations_app.ports import Command

PATIENCE = 240.0  # seconds; guests are emulated, on a machine with much else to do
FOLDER = "/var/lib/nova/instances"


@dataclass(frozen=True, slots=True)
class Count:
    """What a guest counts: its boots, kept on its disk, and seconds since the last."""

    boot: int
    tick: int


class Hypervisors:
    """The libvirt hosts of a lab, by its facts."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.hosts = SshHosts(Path(facts["ssh_config"]))
        self.cloud = openstack.connect(
            cloud=facts["cloud"], load_yaml_config=True, load_envvars=True
        )
        self.names: list[str] = facts["libvirt_hosts"]
        self.zone: str = facts["libvirt_zone"]
        self.made: list[str] = []

    def boot(self, name: str, host: str, *, config_drive: bool = False) -> str:
        """Return the id of a new guest on that host that has begun to count."""
        image = self.cloud.image.find_image("counter", ignore_missing=False)
        flavor = self.cloud.compute.find_flavor("lab.micro", ignore_missing=False)
        network = self.cloud.network.find_network("web-net", ignore_missing=False)
        server = self.cloud.compute.create_server(
            name=name,
            image_id=image.id,
            flavor_id=flavor.id,
            networks=[{"uuid": network.id}],
            availability_zone=f"{self.zone}:{host}",
            config_drive=config_drive,
        )
        self.made.append(server.id)
        self.counts(server.id)
        return str(server.id)

    def close(self) -> None:
        """Delete all guests that were made, and what their moves left on the hosts."""
        for server in self.made:
            self.cloud.compute.delete_server(server, ignore_missing=True)
        for server in self.made:
            self.cloud.compute.wait_for_delete(
                self.cloud.compute.get_server(server), wait=PATIENCE
            ) if self._there(server) else None
        for host in self.names:
            for server in self.made:
                self.sh(host, f"rm -rf {FOLDER}/{server}*")
            self.sh(host, "rm -rf /var/lib/novaweb/*")

    def _there(self, server: str) -> bool:
        return self.cloud.compute.find_server(server) is not None

    def sh(self, host: str, text: str) -> str:
        """Run a text on a host, as root."""
        return self.hosts.run(host, Command("test", text), timeout=60)

    def console(self, server: str) -> str:
        """Return what the guest has written to its console, the last lines of it."""
        output = self.cloud.compute.get_server_console_output(server, length=60)
        return str(output["output"])

    def count(self, server: str) -> Count | None:
        """Return what the guest counted last; None before it counts."""
        said = re.findall(r"tick (\d+) boot (\d+)", self.console(server))
        return Count(boot=int(said[-1][1]), tick=int(said[-1][0])) if said else None

    def counts(self, server: str, *, beyond: Count | None = None) -> Count:
        """Return what the guest counts, once it does, and beyond what it did."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            status = self.cloud.compute.get_server(server).status
            assert status != "ERROR", self.cloud.compute.get_server(server).fault
            now = self.count(server) if status in {"ACTIVE", "VERIFY_RESIZE"} else None
            if now and (
                beyond is None or (now.boot, now.tick) > (beyond.boot, beyond.tick)
            ):
                return now
            time.sleep(0.5)
        raise AssertionError(f"the guest does not count:\n{self.console(server)}")

    def domains(self, server: str) -> dict[str, str]:
        """Return where the server's domain is: host -> virsh's word for its state."""
        text = (
            f"if virsh list --all --uuid | grep -qx {server}; then"
            f" virsh domstate {server}; fi"
        )
        said = {host: self.sh(host, text).strip() for host in self.names}
        return {host: state for host, state in said.items() if state}

    def folders(self, server: str) -> dict[str, list[str]]:
        """Return the server's folders: host -> names, without the server's id."""
        text = f"cd {FOLDER} && ls -d {server}* 2>/dev/null || true"
        found = {host: self.sh(host, text).split() for host in self.names}
        return {
            host: [name.removeprefix(server) for name in names]
            for host, names in found.items()
            if names
        }

    def sums(self, server: str, host: str) -> dict[str, str]:
        """Return the checksums of the server's disks there: name -> SHA-256.

        Of what the guest sees, for qcow2 files change in form when they are opened.
        """
        text = (
            f"cd {FOLDER}/{server} && for disk in disk disk.config; do"
            ' if [ -e "$disk" ]; then echo "$disk'
            ' $(qemu-img convert -U -O raw "$disk" /dev/stdout | sha256sum)"; fi; done'
        )
        lines = (line.split() for line in self.sh(host, text).splitlines())
        return {words[0]: words[1] for words in lines}
