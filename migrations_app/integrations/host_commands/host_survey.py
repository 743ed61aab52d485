"""What two hosts say of themselves and of one instance, before it moves.

Nothing is changed and no marker is left: every command only looks, and is done within
seconds. What cannot be asked is None in the answer, and a host that cannot be read is
named in ``Survey.unread``.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from posixpath import dirname, normpath
from typing import TypeVar

from migrations_app.errors import WorldError
from migrations_app.integrations.host_commands import (
    base_images,
    guest_hardware,
    host_survey_parser,
    host_ways,
    namespaces,
    nova_conf,
    qemu_image,
)
from migrations_app.integrations.host_commands.guest_survey import (
    SHELL,
    compare_hardware,
    look_at_guest,
)
from migrations_app.integrations.interfaces import (
    Base,
    Command,
    Guest,
    HostFacts,
    Hosts,
    Survey,
)

T = TypeVar("T")


def survey(
    hosts: Hosts,
    *,
    server_id: str,
    source: str,
    target: str | None,
    recorded: str = "",
) -> Survey:
    """Return what can be learnt over SSH about this move. Raises nothing of a host.

    ``recorded`` is the machine type that Nova recorded with the instance.
    """
    unread: dict[str, str] = {}

    def read(host: str, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except WorldError as error:
            unread.setdefault(host, error.sentence)
            return None

    def facts(host: str) -> HostFacts:
        asked = look_at_host(server_id=server_id)
        found = read(
            host,
            lambda: host_survey_parser.host(host, hosts.run(host, asked), server_id),
        )
        return found or HostFacts(host)

    def guest() -> Guest | None:
        asked = look_at_guest(server_id=server_id)
        return read(
            source,
            lambda: host_survey_parser.guest(
                hosts.run(source, asked), server_id, host=source
            ),
        )

    def made(host: str, paths: Sequence[str]) -> dict[str, Base]:
        if not paths:
            return {}
        try:
            return base_images.read(hosts.run(host, base_images.look_at(paths)))
        except WorldError:
            return {}  # not known, which is no reason to know nothing of the host

    with ThreadPoolExecutor(max_workers=4) as pool:
        ours, theirs = pool.submit(facts, source), pool.submit(guest)
        other = pool.submit(facts, target) if target is not None else None
        at_source, found = ours.result(), theirs.result()
        found = found and _stands_on_bases(found, at_source)
        at_target = other.result() if other else None
        if target is None or at_target is None or unread:
            return Survey(found, at_source, at_target, unread)
        reach = host_ways.try_ways(at_source, at_target)
        ways = pool.submit(
            read, source, lambda: host_ways.read(hosts.run(source, reach))
        )
        together = host_survey_parser.shared(at_source, at_target)
        back = None
        if _brings_config_drive(found, at_target) and not together:
            returns = host_ways.try_back(at_source, at_target)
            back = pool.submit(
                read, target, lambda: host_ways.read(hosts.run(target, returns))
            )
        paths = [] if together or found is None else sorted(base_images.of(found))
        bases_here = pool.submit(made, source, paths)
        bases_there = pool.submit(made, target, paths)
        if found is not None:
            asked = compare_hardware(
                server_id=server_id, guest=found, recorded=recorded
            )
            takes = read(
                target, lambda: guest_hardware.hardware(hosts.run(target, asked))
            )
            if takes is not None:
                at_target = replace(at_target, **takes._asdict())
        opened = ways.result()
        if opened is not None and back and (returned := back.result()) is not None:
            opened["back"] = returned["back"]
        at_source = replace(at_source, made=bases_here.result())
        at_target = replace(at_target, made=bases_there.result(), shared=together)
    if opened is not None:
        at_target = replace(
            at_target,
            reaches=opened["ssh"].open,
            nova_reaches=opened["nova"].open,
            libvirt_reaches=opened["libvirt"].open,
            nova_returns=opened["back"].open,
            said={name: way.said for name, way in opened.items() if way.said},
            late=tuple(name for name, way in opened.items() if way.late),
        )
    return Survey(found, at_source, at_target, unread)


def _stands_on_bases(guest: Guest, source: HostFacts) -> Guest:
    """Return the guest, its disks refused that stand on what Nova would not give them.

    What its nova.conf does not say is not known; look_at_guest has looked already that
    the file is in no instance's folder.
    """
    cached = source.settings.get("image_cache.subdirectory_name") or "_base"
    if not source.instances or "$" in cached:
        return guest
    place = f"{normpath(guest.folder and dirname(guest.folder))}/{cached}"
    return replace(
        guest,
        disks=tuple(
            replace(disk, refused=qemu_image.because("elsewhere", disk.source))
            if not disk.refused and any(dirname(it) != place for it in disk.chain)
            else disk
            for disk in guest.disks
        ),
    )


def _brings_config_drive(guest: Guest | None, target: HostFacts) -> bool:
    disks = guest.disks if guest else ()
    has_one = any(it.source.endswith("disk.config") for it in disks)
    return has_one and host_ways.brings_config_drive(target.nova) is True


def look_at_host(*, server_id: str) -> Command:
    """Return the command that says what a host is, has free, and has of an instance."""
    quoted = shlex.quote(server_id)
    return Command(
        "survey_host",
        f"""{SHELL}{namespaces.NOVA}{namespaces.LIBVIRT}{nova_conf.READ}id={quoted}
heading options
echo "$options" | said
heading late
if [ -n "$late" ]; then echo " options"; fi
heading instances
if [ -n "$unread" ]; then instances=; fi
echo " $instances"
place=${{instances:+$root$instances}}
heading hostname
case "$options" in *migration_inbound_addr=*%s*)
  at_libvirt virsh hostname 2>/dev/null | said ;;
esac
heading nova
echo " ${{installed##*/nova-}}"
heading contained
if [ -n "$inside" ]; then echo ' yes'; fi
heading virsh
at_libvirt virsh version 2>/dev/null | said
heading rsync
rsync --version 2>/dev/null | head -n 1 | said
heading free
at_nova df -B1 --output=avail -- "$instances" 2>/dev/null | tail -n 1 | said
heading filesystem
at_nova df --output=fstype,source -- "$instances" 2>/dev/null | tail -n 1 | said
heading folder
for each in "$id" "${{id}}_resize"; do
  if [ -n "$place" ] && [ -e "$place/$each" ]; then
    stat -c "%i:%Z $each" "$place/$each" | said
  fi
done
heading domain
if all=$(at_libvirt virsh list --all --uuid 2>&1); then
  case "$all" in
    *"$id"*) at_libvirt virsh domstate -- "$id" 2>/dev/null | head -n 1 | said ;;
    *) echo ' none' ;;
  esac
  all=
fi
heading silent
printf '%s\\n' "$all" | grep '[^ ]' | tail -n 1 | said
heading secrets
if all=$(at_libvirt virsh secret-list 2>/dev/null); then echo ' yes'
  printf '%s\\n' "$all" | sed -n 's/^ *\\([0-9a-fA-F-]\\{{36\\}}\\) .*/ \\1/p'
fi
heading bases
cached=$(option image_cache.subdirectory_name)
case "$cached" in ''|.|..|*/*|*'$'*) cached=_base ;; esac
if [ -n "$place" ]; then
  find "$place/$cached" -maxdepth 1 -type f -printf ' %s %p\\n' 2>/dev/null \\
    | sed "s: $root/: /:"
fi
heading end
""",
        {"server_id": server_id},
        reads=True,
    )
