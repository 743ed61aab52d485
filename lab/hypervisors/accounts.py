"""Who nova-compute and QEMU are on a libvirt host: its own passwd, group and shadow."""

from __future__ import annotations

import grp
import pwd
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.layout import number
from lab.settings import Settings

QEMU, QEMU_GROUP = "libvirt-qemu", "kvm"
MACHINES = "nova"  # nova-compute's account, where the machine's own are used
IN_CONTAINER = 42436  # its id in Kolla's images
HOME = "/var/lib/nova"
FILES = ("passwd", "group", "shadow")


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The two accounts as one host knows them."""

    nova: str
    nova_id: int  # of user and group
    nova_group: int
    qemu_id: int
    own: bool  # the host has files of its own that say so


def of(settings: Settings, host: str) -> Accounts:
    """Return the accounts of a host. The machine's must exist."""
    laid_out = settings.laid_out
    nova, qemu = pwd.getpwnam(MACHINES), pwd.getpwnam(QEMU)
    if laid_out.container:
        ids = (IN_CONTAINER, IN_CONTAINER, qemu.pw_uid)
    elif laid_out.first_id:
        first = laid_out.first_id + int(number(host))
        ids = (first, first, first + 100)
    else:
        ids = (nova.pw_uid, nova.pw_gid, qemu.pw_uid)
    return Accounts(
        nova=laid_out.nova_user,
        nova_id=ids[0],
        nova_group=ids[1],
        qemu_id=ids[2],
        own=laid_out.container or bool(laid_out.first_id),
    )


def files(who: Accounts, *, nova: bool, entering: str) -> Mapping[str, str]:
    """Return the text of each of ``FILES``: the machine's, with these accounts in it.

    Without `nova` there is no account of nova-compute; `entering` is who comes by SSH.
    """
    qemu = _user(QEMU, who.qemu_id, _group(QEMU_GROUP), home="/var/lib/libvirt")
    passwd = {MACHINES: "", QEMU: qemu}
    group = {MACHINES: ""}
    shadow = {MACHINES: ""}
    if nova:
        passwd[who.nova] = _user(who.nova, who.nova_id, who.nova_group, home=HOME)
        group[who.nova] = f"{who.nova}:x:{who.nova_group}:"
        shadow[who.nova] = f"{who.nova}:*:19000:0:99999:7:::"
        for name in ("libvirt", QEMU_GROUP):
            group[name] = f"{name}:x:{_group(name)}:{who.nova}"
    if entering != "root":
        one = who.nova_id + 200
        passwd[entering] = _user(entering, one, one, home="/")
        group[entering] = f"{entering}:x:{one}:"
        shadow[entering] = f"{entering}:*:19000:0:99999:7:::"
    changed = dict(zip(FILES, (passwd, group, shadow), strict=True))
    return {
        name: "".join(_changed(Path("/etc", name).read_text().splitlines(), lines))
        for name, lines in changed.items()
    }


def _changed(before: Sequence[str], lines: Mapping[str, str]) -> Iterator[str]:
    kept = [line for line in before if line.split(":")[0] not in lines]
    return (f"{line}\n" for line in (*kept, *filter(None, lines.values())))


def _user(name: str, user: int, group: int, *, home: str) -> str:
    return f"{name}:x:{user}:{group}::{home}:/bin/bash"


def _group(name: str) -> int:
    return grp.getgrnam(name).gr_gid
