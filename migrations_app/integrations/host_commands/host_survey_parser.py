"""How the answers of ``survey``'s commands are read.

A value missing in an answer is unknown: only an answer that is none at all (another
shell, another program) raises Blocked.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable
from posixpath import dirname
from typing import Any, TypeGuard
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from migrations_app.errors import Blocked, Unreachable
from migrations_app.integrations.host_commands import qemu_image
from migrations_app.integrations.interfaces import Disk, File, Guest, HostFacts

_BLOCK = 512  # the unit of find's %b
# File systems that several hosts can have mounted at once (nova doc,
# configuring-migrations, "Shared storage").
_SHARED = re.compile(r"nfs4?|ceph|cifs|smb3|glusterfs|fuse\..*|gpfs|lustre|beegfs|afs")
_CLUSTERED = {"gfs2", "ocfs2"}
_LATE = {"disks": "the headers of disks", "options": "nova.conf"}
_BYTES = re.compile(r"[0-9]{1,18}")
_FILE = re.compile(r"([0-9]{1,18}) ([0-9]{1,18}) (\S+) ([0-7]{1,5}) (.+)")


def sections(answer: str) -> dict[str, list[str]]:
    """Return the lines under each heading. Raises Blocked when the end is missing."""
    found: dict[str, list[str]] = defaultdict(list)
    lines: list[str] = []
    # only a line feed ends a line: an owner's words may hold U+2028 and its like
    for line in answer.split("\n"):
        if line.startswith("== "):
            lines = found[line[3:]]
        else:
            lines.append(line[1:])
    if "end" not in found:
        raise Blocked(
            "A host's answer ended too early: look whether root's shell there is a"
            " POSIX shell, and whether virsh answers."
        )
    return found


def host(name: str, answer: str, server_id: str) -> HostFacts:
    """Return what the answer to ``look_at_host`` says. Raises Unreachable: too late."""
    said = sections(answer)
    _require_in_time(said, name)
    settings = dict(line.split("=", 1) for line in said["options"] if "=" in line)
    # "%s" stands for the host's name (nova/virt/libvirt/driver.py, get_host_ip_addr)
    inbound = "libvirt.migration_inbound_addr"
    if (name_there := _first(said["hostname"])) and inbound in settings:
        settings[inbound] = settings[inbound].replace("%s", name_there)
    marks = {name: mark for mark, name in _pairs(said["folder"])}
    free = _first(said["free"])
    domain = _first(said["domain"])
    return HostFacts(
        host=name,
        free=_number(free),
        folder_there=server_id in marks if free else None,
        resize_there=f"{server_id}_resize" in marks if free else None,
        domain=None if not domain else "" if domain == "none" else domain,
        silent=_first(said["silent"]),
        contained=bool(_first(said["contained"])),
        bases={
            path: size
            for text, path in _pairs(said["bases"])
            if (size := _number(text)) is not None
        },
        libvirt=_after(said["virsh"], "Using library: libvirt"),
        qemu=_after(said["virsh"], "Running hypervisor: QEMU"),
        nova=_version(_first(said["nova"])),
        settings=settings,
        instances=_first(said["instances"]),
        filesystem=" ".join(_first(said["filesystem"]).split()),
        folder_mark=marks.get(server_id, ""),
        rsync=_version(_first(said["rsync"])),
        secrets=_secrets(said.get("secrets", [])),
    )


def shared(source: HostFacts, target: HostFacts) -> bool | None:
    """Tell whether both hosts keep the instance's folder in the same place.

    Nova finds out by a temporary file, which would be a change. A folder that only the
    source has is not shared; one that both have, with the same inode and time of
    change, is. Without any folder the kind of file system may tell.
    """
    if source.folder_there and target.folder_there is False:
        return False
    if source.folder_there and target.folder_there:
        return source.folder_mark == target.folder_mark
    kinds = [each.filesystem.partition(" ")[0] for each in (source, target)]
    if not all(kinds):
        return None
    if any(not _SHARED.fullmatch(kind) and kind not in _CLUSTERED for kind in kinds):
        return False
    return None if source.filesystem != target.filesystem else True


def guest(answer: str, server_id: str, *, host: str) -> Guest | None:
    """Return what the answer to ``look_at_guest`` says; None: there is no domain.

    Raises Unreachable where the host did not tell of every disk in time: a disk that
    is not known to stand on another would be moved without it.
    """
    said = sections(answer)
    _require_in_time(said, host)
    text = "\n".join(said["domain"]).strip()
    if not text:
        return None
    try:
        # libvirt's own text, and expat 2.4.1 bounds the growth of entities
        xml = ElementTree.fromstring(text)  # noqa: S314
    except ElementTree.ParseError as error:
        raise Blocked(
            f"The domain of {server_id} cannot be read: look at virsh dumpxml there."
        ) from error
    machine, video = xml.find("os/type"), xml.find("devices/video/model")
    nvram = xml.findtext("os/nvram") or ""
    files = said["files"]
    return Guest(
        domain=xml.findtext("name") or "",
        state=_first(said["state"]),
        type=xml.get("type") or "",
        machine=(machine.get("machine") or "") if machine is not None else "",
        arch=(machine.get("arch") or "") if machine is not None else "",
        cpu="\n".join(said["cpu"]).strip() or _text(xml.find("cpu")),
        disks=tuple(_disk(each, said) for each in xml.iterfind("devices/disk")),
        folder=files[0] if files else "",
        files=tuple(file for line in files[1:] if (file := _file(line))),
        nvram=nvram.strip(),
        tpm=xml.find("devices/tpm") is not None,
        devices=tuple(_devices(xml)),
        pinned=xml.find("cputune/vcpupin") is not None,
        io_pinned=xml.find("cputune/iothreadpin") is not None,
        video=video.get("type") or "" if video is not None else "",
        kept=_kept(said["kept"]),
    )


def _disk(it: Element, said: dict[str, list[str]]) -> Disk:
    source, target, driver = it.find("source"), it.find("target"), it.find("driver")
    name = (target.get("dev") or "") if target is not None else ""
    kind = it.get("type") or ""
    path = ""
    if source is not None:
        path = source.get("file") or source.get("dev") or source.get("name") or ""
    images = _images(said.get(f"image {name}", []))
    chain = tuple(str(image["filename"]) for image in images[1:])
    refused = _refused(said.get(f"refused {name}", []))
    instances = dirname(_first(said["files"]))
    if not all(qemu_image.is_base(each, instances) for each in chain):
        chain, refused = (), qemu_image.because("elsewhere", path)
    return Disk(
        source=path,
        target=name,
        device=it.get("device") or "disk",
        kind=kind,
        format=(driver.get("type") or "") if driver is not None else "",
        virtual_size=_whole(images[0]["virtual-size"]) if images else 0,
        taken=_whole(images[0].get("actual-size")) if images else 0,
        chain=chain,
        refused=refused,
        unread=_first(said.get(f"unread {name}", [])),
        secret=_secret(it),
    )


def _refused(lines: list[str]) -> str:
    reason, _, path = _first(lines).partition(" ")
    return qemu_image.because(reason, path) if reason else ""


def _kept(lines: list[str]) -> tuple[str, ...] | None:
    return None if "unknown" in lines else tuple(lines)


def _secret(it: Element) -> str:
    # where it is in libvirt's XML: of the disk, or of its source (since libvirt 3.9)
    for path in ("auth/secret", "source/auth/secret"):
        found = it.find(path)
        if found is not None and found.get("type") == "ceph":
            return (found.get("uuid") or "").lower()
    return ""


def _secrets(lines: list[str]) -> tuple[str, ...] | None:
    if _first(lines) != "yes":
        return None
    first = (line.split(maxsplit=1) for line in lines[1:])
    return tuple(words[0].lower() for words in first if words)


def _images(lines: list[str]) -> list[dict[str, Any]]:
    try:
        found = json.loads("\n".join(lines))
    except (RecursionError, ValueError):
        return []
    told = [it for it in found if isinstance(it, dict)] if _is_list(found) else []
    return [it for it in told if "virtual-size" in it and "filename" in it]


def _is_list(found: object) -> TypeGuard[list[object]]:
    return isinstance(found, list)


def _whole(found: object) -> int:
    """Return what a header says as a size; nought where that is none."""
    return found if isinstance(found, int) and found > 0 else 0


def _devices(xml: Element) -> Iterable[str]:
    for each in xml.iterfind("devices/hostdev"):
        yield each.get("type") or "device"
    for each in xml.iterfind("devices/interface"):
        if each.get("type") in {"hostdev", "direct", "vdpa"}:
            yield "network"
    for each in xml.iterfind("devices/memory"):
        if each.get("model") == "nvdimm":
            yield "pmem"
    if xml.find("launchSecurity") is not None:
        yield "sev"
    if xml.find("devices/filesystem") is not None:
        yield "share"


def _file(line: str) -> File | None:
    found = _FILE.fullmatch(line)
    if found is None:
        return None  # a name that holds a line feed goes on in the next line
    size, blocks, owner, mode, name = found.groups()
    return File(name, int(size), int(blocks) * _BLOCK, owner, mode)


def _number(text: str) -> int | None:
    """Return a number of bytes; None for what is none: a host said it."""
    return int(text) if _BYTES.fullmatch(text) else None


def _text(it: Element | None) -> str:
    return "" if it is None else ElementTree.tostring(it, encoding="unicode").strip()


def _require_in_time(said: dict[str, list[str]], host: str) -> None:
    if late := _first(said.get("late", [])):
        raise Unreachable(
            f"{host} took too long to read {_LATE.get(late, 'its files')}: look again,"
            " and if that lasts, look at its storage."
        )


def _first(lines: list[str]) -> str:
    return lines[0].strip() if lines else ""


def _after(lines: list[str], words: str) -> str:
    return next((li.removeprefix(words).strip() for li in lines if words in li), "")


def _version(line: str) -> str:
    found = re.search(r"\d+(\.\d+)+", line)
    return found[0] if found else ""


def _pairs(lines: list[str]) -> list[tuple[str, str]]:
    found = (line.strip().partition(" ") for line in lines)
    return [(first, rest) for first, _, rest in found if rest]
