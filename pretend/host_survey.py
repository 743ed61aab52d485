"""What the pretend hosts say of themselves and of an instance, before it moves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha1, sha256

from migrations_app.integrations.interfaces import Flavor
from pretend.host_disks import OFF, Metal
from pretend.store import Row, Store

Words = Mapping[str, str]
INSTANCES = "/var/lib/nova/instances"
BASES = f"{INSTANCES}/_base"
MACHINE = "pc-q35-8.2"
GIB = 1024**3
FREE = 4000 * GIB


class Surveyed:
    """One part of the pretend hosts: host_commands/host_survey.py runs on real ones."""

    _store: Store
    _metal: Metal

    def _survey_host(self, host: str, words: Words) -> str:
        key = words["server_id"]
        together = bool(self._store.setting("shared_storage"))
        where = None if together else host
        folders = [
            f"{number}:1767225600 {name}"
            for number, name in enumerate((key, f"{key}_resize"), 1)
            if self._metal.folder(key, name, where)
        ]
        images = self._store.rows(
            "SELECT DISTINCT image FROM servers WHERE image IS NOT NULL AND (host = ?"
            " OR id IN (SELECT server_id FROM bases WHERE host = ?))",
            *(host, host),
        )
        here = self._store.rows("SELECT flavor FROM servers WHERE host = ?", host)
        made = {path: size for row in here for path, size in scratch(row).values()}
        sections = {
            "options": ["libvirt.virt_type=kvm", "libvirt.cpu_mode=custom"],
            "instances": [INSTANCES],
            "hostname": [],
            "nova": [],
            "contained": [],
            "virsh": [
                "Using library: libvirt 10.0.0",
                "Running hypervisor: QEMU 8.2.2",
            ],
            "rsync": ["rsync  version 3.2.7  protocol version 31"],
            "free": [str(FREE)],
            "filesystem": ["nfs4 nas:/nova" if together else "ext4 /dev/sda1"],
            "folder": folders,
            "domain": [self._metal.domain(key, host) or "none"],
            "silent": [],
            "bases": [
                *(f"{GIB} {base(row['image'])}" for row in images),
                *(f"{size} {path}" for path, size in made.items()),
            ],
            "end": [],
        }
        return text(sections)

    def _survey_guest(self, host: str, words: Words) -> str:
        key = words["server_id"]
        state = self._metal.domain(key, host)
        server = self._store.row("SELECT * FROM servers WHERE id = ?", key)
        sections: dict[str, list[str]] = {
            **{"domain": [], "state": [], "cpu": [], "kept": []}
        }
        if state is None or server is None:
            return text({**sections, "files": [], "end": []})
        folder = f"{INSTANCES}/{key}"
        files = disks(server, folder)
        sections["domain"] = [_domain(key, files)]
        sections["state"] = [state]
        sections["files"] = [folder] if files else []
        for path, size in files.items():
            owner = "nova:nova" if state == OFF else "libvirt-qemu:kvm"
            name = path.rpartition("/")[2]
            sections["files"].append(f"{size // 4} {size // 2048} {owner} 644 {name}")
        for number, (path, size) in enumerate(files.items()):
            chain = [_image(path, size)]
            if path.endswith("/disk"):
                chain.append(_image(base(server["image"]), GIB))
            if below := scratch(server).get(path.rpartition("/")[2]):
                chain.append(_image(*below))
            sections[f"image {_target(number)}"] = [json.dumps(chain)]
        return text({**sections, "end": []})

    def _survey_bases(self, host: str, words: Words) -> str:
        """Every host has them all; whether with the same content, a lever says."""
        whose = host if self._store.setting("own_bases") else ""
        lines = []
        for path in words["paths"].splitlines():
            content = sha256(f"{whose} {path}".encode()).hexdigest()
            lines.append(f"{GIB} {content} {content} {path}\n")
        return "".join(lines)

    def _survey_cpu(self, host: str, words: Words) -> str:
        why = "The CPU provided by hypervisor on the host is identical to the guest's"
        return f"machine yes\ncpu yes {why}\n"

    def _survey_reach(self, host: str, words: Words) -> str:
        there = self._store.row("SELECT ssh FROM hosts WHERE host = ?", words["target"])
        said = "255 Connection refused"
        if there is not None and there["ssh"]:
            said = "0"
        return "".join(f"{way} {said}\n" for way in ("ssh", "nova", "libvirt"))


def disks(server: Row, folder: str) -> dict[str, int]:
    """Return the files that are the server's local disks, with their virtual sizes."""
    flavor = Flavor(**json.loads(server["flavor"]))
    sizes = {
        "disk": flavor.disk_gb * GIB if server["image"] is not None else 0,
        "disk.eph0": flavor.ephemeral_gb * GIB,
        "disk.swap": flavor.swap_mb * 1024**2,
        "disk.config": 512 * 1024 if server["config_drive"] else 0,
    }
    return {f"{folder}/{name}": size for name, size in sizes.items() if size}


def scratch(server: Row) -> dict[str, tuple[str, int]]:
    """Return on what its ephemeral and swap disks stand: path and size, by name."""
    flavor = Flavor(**json.loads(server["flavor"]))
    gib, mib = flavor.ephemeral_gb, flavor.swap_mb
    made = {
        "disk.eph0": (f"{BASES}/ephemeral_{gib}_0706d66", gib * GIB),
        "disk.swap": (f"{BASES}/swap_{mib}", mib * 1024**2),
    }
    return {name: it for name, it in made.items() if it[1]}


def _domain(key: str, disks: Mapping[str, int]) -> str:
    made = "".join(
        f"<disk type='file' device='{'cdrom' if path.endswith('.config') else 'disk'}'>"
        f"<driver name='qemu' type='{'raw' if path.endswith('.config') else 'qcow2'}'/>"
        f"<source file='{path}'/><target dev='{_target(number)}'/></disk>"
        for number, path in enumerate(disks)
    )
    return (
        f"<domain type='kvm'><name>instance-{key[:8]}</name><uuid>{key}</uuid>"
        f"<os><type arch='x86_64' machine='{MACHINE}'>hvm</type></os>"
        f"<cpu mode='custom' match='exact'><model>Skylake-Server</model></cpu>"
        f"<devices>{made}</devices></domain>"
    )


def _image(path: str, size: int) -> dict[str, str | int]:
    return {"filename": path, "virtual-size": size, "actual-size": size // 4}


def base(image: str) -> str:
    """Return the path of the file that Nova makes of an image on each host."""
    name = sha1(image.encode(), usedforsecurity=False).hexdigest()
    return f"{BASES}/{name}"


def _target(number: int) -> str:
    return f"vd{'abcdefgh'[number]}"


def text(sections: Mapping[str, list[str]]) -> str:
    lines = []
    for name, said in sections.items():
        lines += [f"== {name}", *(f" {line}" for line in said)]
    return "\n".join(lines) + "\n"
