"""The ways from the source to the target, each tried as what needs it goes."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from ipaddress import IPv6Address

from migrations_app.integrations.host_commands import disk_copy, namespaces
from migrations_app.integrations.interfaces import Command, HostFacts, names

SECONDS = 8  # within which a way must be open
_NAMES = ("ssh", "nova", "libvirt", "back")
_NOVAS = ("nova", "back")  # by which Nova needs few commands
LONGEST = 200  # of what a tool said
# nova/virt/libvirt/driver.py, _live_migration_uri
_URIS = {
    "kvm": "qemu+{scheme}://%s/system",
    "qemu": "qemu+{scheme}://%s/system",
    "parallels": "parallels+tcp://%s/system",
}
# A URI that is tried: drivers and ways that reach a host over the network, an account,
# a host, a port, and of what libvirt.org/uri.html has of parameters those that name a
# key, a list of keys or a word. Others name programs to run ("command", "netcat").
_URI = re.compile(
    r"(qemu|xen|parallels|vz|test)\+(tcp|tls|ssh|libssh|libssh2)://"
    r"([A-Za-z0-9_][A-Za-z0-9._-]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)"
    r"(:[0-9]{1,5})?/[a-z]*(\?(?P<rest>.*))?"
)
_PARAMETER = re.compile(
    r"(keyfile|pkipath|socket|known_hosts|known_hosts_verify|sshauth|mode|no_tty"
    r"|no_verify|tls_priority)=[A-Za-z0-9/][A-Za-z0-9/._,:+-]*"
)
# Whoever says one of these has not tried the way.
_UNTRIED = re.compile(
    r"^(nsenter|timeout|env|sh|bash): |No user exists for uid|command not found"
)
_WORDLESS = {"126": "it cannot be run", "127": "it is not installed"}
_SSH_FAILED = "255"  # ssh's own status; every other one is the command's
# nologin's words: for this user the target runs nothing at all
_NO_SHELL = re.compile(r"account is (currently )?not available")


# ``try`` tries a way and prints its name, the status, and the last words. ``try_as``
# does so as a process: with its number, and in its namespaces, PATH and HOME.
_TRY = f"""try() {{
  way=$1
  shift
  said=$(timeout {SECONDS} "$@" 2>&1 </dev/null)
  code=$?
  last=$(printf '%s\\n' "$said" | LC_ALL=C tr -c '[:print:]\\n' ' ' | grep '[^ ]' \\
    | tail -n 1 | cut -c1-{2 * LONGEST})
  printf '%s\\n' "$way $code $last"
}}
number() {{
  awk -v kind="$2:" '$1 == kind {{ print $3 }}' "/proc/$1/status" 2>/dev/null \\
    | awk -v map="/proc/$1/$3" '{{
      while ((getline range <map) > 0) {{
        split(range, each)
        if (each[2] <= $1 && $1 < each[2] + each[3]) print each[1] + $1 - each[2]
      }}
    }}'
}}
try_as() {{
  way=$1
  process=$2
  name=$3
  shift 3
  if [ -z "$process" ]; then echo "$way - no $name runs there"; return; fi
  live_in "$process"
  uid=$(number "$process" Uid uid_map)
  gid=$(number "$process" Gid gid_map)
  if [ -n "$flags" ] || [ "$uid:$gid" != "$(id -u):$(id -g)" ]; then
    enter=$(command -v nsenter)
    if [ -z "$enter" ]; then echo "$way - nsenter is not installed"; return; fi
    set -- "$enter" -t "$process" $flags -S "$uid" -G "$gid" -- "$@"
  fi
  agent=$(variable "$process" SSH_AUTH_SOCK)
  try "$way" env -i PATH="${{search:-$PATH}}" ${{home:+HOME="$home"}} \\
    ${{agent:+SSH_AUTH_SOCK="$agent"}} "$@"
}}
"""


@dataclass(frozen=True, slots=True)
class Way:
    """How a way was found. ``open`` is None where it could not be tried.

    ``late``: it may be open, and the hosts only busy. ``said`` are the last words of
    the tool that tried it, or why it was not tried; they are a line of at most
    ``LONGEST`` characters.
    """

    open: bool | None
    said: str = ""
    late: bool = False


def live_uri(source: HostFacts, target: HostFacts) -> str | None:
    """Return the URI of a live migration; None where their nova.conf does not tell.

    nova/virt/libvirt/driver.py, _live_migration_uri: the source's live_migration_uri
    (still honoured by 34.0), else one of its virt_type and live_migration_scheme; for
    the target's live_migration_inbound_addr, else its name. None, too, for a URI of any
    other form, and for what is no address: virsh would use it as libvirt's daemon,
    which is root, and any account can start what looks like a nova-compute with a file
    of its own.
    """
    if not (source.instances and target.instances):
        return None
    said = source.settings
    address = target.settings.get("libvirt.live_migration_inbound_addr") or target.host
    scheme = said.get("libvirt.live_migration_scheme") or "tcp"
    uri = said.get("libvirt.live_migration_uri")
    if not uri:
        uri = _URIS.get(said.get("libvirt.virt_type") or "kvm", "$")
        uri = uri.format(scheme=scheme)
    whole = uri.replace("%s", _escaped(address))
    if uri.count("%") != 1 or "%s" not in uri or not names.is_address(address):
        return None
    found = _URI.fullmatch(whole)
    if found is None or not names.is_address(found["host"].strip("[]")):
        return None
    given = found["rest"].split("&") if found["rest"] else []
    return whole if all(map(_PARAMETER.fullmatch, given)) else None


def cold_address(target: HostFacts) -> str | None:
    """Return the address of cold migrations; None where its nova.conf does not tell.

    Since 29.0 it is [libvirt]migration_inbound_addr, which is $my_ip unless it is set;
    before, my_ip (nova/virt/libvirt/driver.py, get_host_ip_addr). Where the release is
    not known, an address that was set was set for a reason.
    """
    if not target.instances:
        return None
    release = _release(target.nova)
    named = "libvirt.migration_inbound_addr"
    if release is not None and release < (29, 0):
        named = "DEFAULT.my_ip"
    address = target.settings.get(named) or ""
    return address if names.is_address(address) else None


def brings_config_drive(nova: str) -> bool | None:
    """Tell whether a nova-compute of this version gets config drives by SSH itself.

    Until 30.0 the target of a live migration did, from the source by its name; 30.1.0
    took that back (nova/virt/libvirt/driver.py, pre_live_migration; commit 5827c012).
    None: its version is not known.
    """
    release = _release(nova)
    return None if release is None else release < (30, 1)


def try_ways(source: HostFacts, target: HostFacts) -> Command:
    """Return the command that tries all ways from the source to the target at once.

    ``ssh``: as root to the host's name, as ``manual`` copies. ``nova``: as the user of
    nova-compute, by number, in its namespaces, to the address of cold migrations, with
    nothing set beside what Nova sets (nova/utils.py, ssh_execute): known hosts, ports
    and keys are its own configuration's, and if that says to take any host key, ssh
    notes the target's, as at Nova's own next move. A target that lets Nova in for its
    own commands alone (nova-migration-wrapper of RDO's packages) does not run ours,
    which proves nothing. ``libvirt``: as libvirt's own daemon, which opens the
    connection of a live migration (VIR_MIGRATE_PEER2PEER), with its files.
    """
    uri, address = live_uri(source, target), cold_address(target)
    nova, libvirt = (
        f"echo {shlex.quote(f'{way} - nova.conf does not tell {what}')}"
        for way, what in (("nova", "the target's address"), ("libvirt", "its URI"))
    )
    if address is not None:
        nova = _novas_ssh("nova", address)
    if uri is not None:
        virsh = f"virsh -c {shlex.quote(uri)} hostname"
        libvirt = f'try_as libvirt "$daemon" "libvirtd or virtqemud" {virsh}'
    ssh = f"try ssh {disk_copy.SSH} -- {shlex.quote(target.host)} true"
    text = f"""{namespaces.LIBVIRT}{_TRY}{{ {ssh}; }} &
{{ {nova}; }} &
{{ {libvirt}; }} &
wait
"""
    return _command(text, source.host, target.host)


def try_back(source: HostFacts, target: HostFacts) -> Command:
    """Return the command that tries ``back``: how a target brings a config drive."""
    return _command(_TRY + _novas_ssh("back", source.host), target.host, source.host)


def _novas_ssh(way: str, address: str) -> str:
    ssh = f"ssh -o BatchMode=yes -- {shlex.quote(address)} true"
    return f'try_as {way} "$pid" nova-compute {ssh}'


def _command(text: str, source: str, target: str) -> Command:
    names.check_name(source, "host")
    names.check_name(target, "host")
    words = {"source": source, "target": target}
    whole = f"set +e\n{namespaces.NOVA}{text}"
    return Command("survey_reach", whole, words, reads=True)


def read(answer: str) -> dict[str, Way]:
    """Return what the answer says of ``ssh``, ``nova``, ``libvirt`` and ``back``."""
    found = {}
    for line in answer.splitlines():
        name, _, rest = line.partition(" ")
        code, _, words = rest.partition(" ")
        found[name] = _way(name, code, _plain(words))
    return {name: found.get(name, Way(None)) for name in _NAMES}


def _way(name: str, code: str, said: str) -> Way:
    if code == "0":
        return Way(open=True)
    if code == "124":
        return Way(None, f"no answer within {SECONDS} s", late=True)
    if (
        not re.fullmatch("[0-9]{1,9}", code)
        or int(code) in {125, 126, 127}
        or _UNTRIED.search(said)
    ):
        return Way(None, said or _WORDLESS.get(code, ""))
    if name in _NOVAS and code != _SSH_FAILED and not _NO_SHELL.search(said):
        ended = f"SSH is open, but a command there ended with status {code}"
        return Way(None, f"{ended}: {said}"[:LONGEST] if said else ended)
    return Way(open=False, said=said or f"ended with status {code}")


def _plain(words: str) -> str:
    """Return one line of what may be shown, no longer than ``LONGEST``."""
    shown = "".join(sign if sign.isprintable() else " " for sign in words)
    return " ".join(shown.split())[:LONGEST].rstrip(" .")


def _escaped(address: str) -> str:
    """Return the address as in a URI (oslo_utils/netutils.py, escape_ipv6)."""
    try:
        IPv6Address(address)
    except ValueError:
        return address
    return f"[{address}]"


def _release(nova: str) -> tuple[int, int] | None:
    found = re.match(r"(\d+)\.(\d+)", nova)
    return None if found is None else (int(found[1]), int(found[2]))
