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
from typing import TypeVar

from migrations_app.errors import WorldError
from migrations_app.integrations.host_commands import (
    base_images,
    host_survey_parser,
    host_ways,
    namespaces,
    nova_conf,
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

# A heading begins a line, all else is moved in by one blank, and printed by printf, as
# echo reads backslashes: nothing that a guest's owner has named looks like a heading.
# What one question finds wrong must not end the others: adapters/ssh runs ``sh -e``.
_ASK = "set +e\n"
_SHELL = f"""{_ASK}heading() {{ echo "== $1"; }}
said() {{ sed 's/^/ /'; }}
"""


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
            lambda: host_survey_parser.guest(hosts.run(source, asked), server_id),
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
                target, lambda: host_survey_parser.hardware(hosts.run(target, asked))
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
        )
    return Survey(found, at_source, at_target, unread)


def _brings_config_drive(guest: Guest | None, target: HostFacts) -> bool:
    disks = guest.disks if guest else ()
    has_one = any(it.source.endswith("disk.config") for it in disks)
    return has_one and host_ways.brings_config_drive(target.nova) is True


def look_at_host(*, server_id: str) -> Command:
    """Return the command that says what a host is, has free, and has of an instance."""
    quoted = shlex.quote(server_id)
    return Command(
        "survey_host",
        f"""{_SHELL}{namespaces.NOVA}{namespaces.LIBVIRT}{nova_conf.READ}id={quoted}
heading options
echo "$options" | said
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
    *"$id"*) at_libvirt virsh domstate "$id" 2>/dev/null | head -n 1 | said ;;
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
if [ -n "$place" ]; then
  find "$place/_base" -maxdepth 1 -type f -printf ' %s %p\\n' 2>/dev/null \\
    | sed "s: $root/: /:"
fi
heading end
""",
        {"server_id": server_id},
        reads=True,
    )


def look_at_guest(*, server_id: str) -> Command:
    """Return the command that says what an instance is to its host.

    The format of a disk is the domain's word: what a guest wrote to the begin of a raw
    disk must name no backing file.
    """
    return Command(
        "survey_guest",
        f"""{_SHELL}{namespaces.TOOLS}id={shlex.quote(server_id)}
heading domain
xml=$(at_libvirt virsh dumpxml "$id" 2>/dev/null)
printf '%s\\n' "$xml" | said
heading state
at_libvirt virsh domstate "$id" 2>/dev/null | head -n 1 | said
heading kept
for what in managed-save snapshot checkpoint; do
  if with=$(at_libvirt virsh list --all --uuid "--with-$what" 2>/dev/null); then
    case "$with" in *"$id"*) echo " $what" ;; esac
  elif [ "$what" != checkpoint ]; then # libvirt has them since 5.6
    echo ' unknown'
  fi
done
heading cpu
case "$xml" in
  *"<cpu mode='host-passthrough'"*)
    at_libvirt virsh capabilities 2>/dev/null | sed -n '/<cpu>/,/<\\/cpu>/p' | said ;;
esac
formats=$(printf '%s\\n' "$xml" | awk '
  /<disk / {{ format = "raw" }}
  match($0, /<driver [^>]*type=\\047[^\\047]*/) {{
    format = substr($0, RSTART, RLENGTH); sub(/.*\\047/, "", format)
  }}
  match($0, /<target dev=\\047[^\\047]*/) {{
    name = substr($0, RSTART, RLENGTH); sub(/.*\\047/, "", name); print name, format
  }}')
disks=$(at_libvirt virsh domblklist --details "$id" 2>/dev/null)
folder=$(echo "$disks" | while read -r kind device target path; do
  case "$path" in */"$id"/*) echo "${{path%/*}}"; break ;; esac
done)
heading files
if [ -n "$folder" ]; then
  echo " $folder"
  find "$libvirt_root$folder" -mindepth 1 -type f -printf ' %s %b %u:%g %m %P\\n'
fi
echo "$disks" | while read -r kind device target path; do
  if [ "$kind" = file ] && [ -f "$libvirt_root$path" ]; then
    heading "image $target"
    format=$(echo "$formats" | sed -n "s/^$target //p" | head -n 1)
    at_libvirt qemu-img info -U -f "${{format:-raw}}" --output=json --backing-chain \\
      -- "$path" 2>/dev/null | said
  fi
done
heading end
""",
        {"server_id": server_id},
        reads=True,
    )


def compare_hardware(*, server_id: str, guest: Guest, recorded: str = "") -> Command:
    """Return the command that says whether a host can be the guest's hardware.

    Its CPU, asked of libvirt as Nova does since 27.0, or as before (``cpu-compare``)
    where this libvirt cannot; its machine type, and the one that Nova recorded, which a
    cold migration asks for; and the video models that there are with them. They are
    those of the guest's architecture, which may be another than the host's
    (``hw_emulation_architecture``, since 25.0).
    """
    asked = {"machine": guest.machine}
    if recorded not in {"", guest.machine}:
        asked["recorded"] = recorded
    wanted = f"--virttype {shlex.quote(guest.type)}"
    if guest.arch:
        wanted += f" --arch {shlex.quote(guest.arch)}"
    machines = "".join(f"able {k} {shlex.quote(asked[k])}\n" for k in asked)
    return Command(
        "survey_cpu",
        f"""{_ASK}{namespaces.TOOLS}cpu={shlex.quote(guest.cpu)}
ask() {{ printf '%s' "$cpu" | at_libvirt virsh "$@" /dev/stdin 2>&1; }}
words() {{ tr '\\n' ' '; echo; }}
able() {{
  if said=$(at_libvirt virsh domcapabilities {wanted} \\
    --machine "$2" 2>&1); then
    echo "$1 yes"
    printf '%s\\n' "$said" \\
      | sed -n '/<video /,/<\\/video>/s:.*<value>\\(.*\\)</value>.*:video \\1:p'
  else
    echo "$1 no $said" | words
  fi
}}
{machines}[ -n "$cpu" ] || exit 0
if said=$(ask hypervisor-cpu-compare --virttype {shlex.quote(guest.type)}); then
  answer=yes
else
  answer=no
  case "$said" in
    *"unknown command"*|*"not supported"*)
      if said=$(ask cpu-compare); then answer=yes; fi ;;
  esac
fi
echo "cpu $answer $said" | words
""",
        {"server_id": server_id},
        reads=True,
    )
