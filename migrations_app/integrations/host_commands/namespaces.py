"""Where nova-compute and libvirt live on a host: in its namespaces, or a container's.

Text for the begin of a command; it runs under ``sh -u``.
"""

from __future__ import annotations

# Whose a process is. ``may_be PID``: it can be the host's own nova-compute or libvirt.
# Both need the host's user namespace, and CAP_SYS_ADMIN within their bounds (bit 21 of
# CapBnd; nova/privsep/__init__.py, sys_admin_pctxt): root in a container has neither
# unless it could do anything here, too. ``is_service PID``: no login of a person has
# started it. ``inside PATH``: the path with its links followed as the process itself
# does, whose root is ``$root``; followed from here an absolute one would lead to ours.
OWNERS = r"""owner_of() {
  sed -n 's/^Uid:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$1/status" 2>/dev/null
}
may_be() {
  [ "$(readlink "/proc/$1/ns/user" 2>/dev/null)" = "$(readlink /proc/self/ns/user)" ] \
    || return 1
  case $(sed -n 's/^CapBnd:[^0-9a-f]*//p' "/proc/$1/status" 2>/dev/null | cut -c11) in
    [2367abef]) ;;
    *) return 1 ;;
  esac
}
is_service() {
  case $(cat "/proc/$1/cgroup" 2>/dev/null) in
    *user.slice*) ;;
    *system.slice*|*machine.slice*|*docker*|*libpod*|*kubepods*) return 0 ;;
  esac
  case $(owner_of "$1") in
    "$(id -u)"|"$(id -u nova 2>/dev/null || id -u)") return 0 ;;
  esac
  return 1
}
inside() {
  if [ -z "$root" ]; then echo "$1"; return; fi
  left=$1
  at=
  links=0
  while [ -n "$left" ]; do
    part=${left%%/*}
    case "$left" in */*) left=${left#*/} ;; *) left= ;; esac
    case "$part" in
      ''|.) ;;
      ..) at=${at%/*} ;;
      *)
        if [ -L "$root$at/$part" ]; then
          links=$((links + 1))
          [ "$links" -le 40 ] || return 1
          to=$(readlink "$root$at/$part") || return 1
          case "$to" in /*) at= ;; esac
          left=$to/$left
        else
          at=$at/$part
        fi ;;
    esac
  done
  echo "$at"
}
"""

# Afterwards ``$pid`` is nova-compute's, empty if none runs, and what ``live_in`` says
# holds for it: ``$flags`` are nsenter's, into the namespaces of a process, as far as
# they are not ours; ``$root`` is empty, or its root; ``$search`` and ``$home`` are PATH
# and HOME of its environment. Wrappers of containers have nova-compute among their
# words, too, but only its own process is a Python. What it has just started is like it
# until it is another program: none is taken that has such a parent, and none that has
# no parent, for it has ended. Of those that may be it a service goes before what any
# account can start; of several that are none nobody knows which it is.
NOVA = (
    OWNERS
    + r"""known=
others=
like=' '
for each in $(grep -lzx '\(/[^[:space:]]*/\)\{0,1\}nova-compute' \
    /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3); do
  program=$(readlink "/proc/$each/exe" 2>/dev/null)
  case "${program##*/}" in python*|'') like="$like$each " ;; esac
done
for each in $like; do
  parent=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$each/status" 2>/dev/null)
  case "$like" in *" ${parent:-$each} "*) continue ;; esac
  may_be "$each" || continue
  if is_service "$each"; then known=${known:-$each}; else others="$others $each"; fi
done
pid=$known
case "$pid$others" in
  ' '*' '*) ;;
  ' '*) pid=${others# } ;;
esac
variable() { tr '\0' '\n' 2>/dev/null <"/proc/$1/environ" | sed -n "s/^$2=//p"; }
live_in() {
  root=
  flags=
  search=
  home=
  [ -n "$1" ] || return 0
  for each in user:U mnt:m uts:u net:n; do
    space=$(readlink "/proc/$1/ns/${each%:*}" 2>/dev/null)
    if [ -n "$space" ] && [ "$space" != "$(readlink "/proc/self/ns/${each%:*}")" ]; then
      flags="$flags -${each#*:}"
    fi
  done
  case "$flags" in *m*) root=/proc/$1/root ;; esac
  if [ -d "/proc/$1/root/" ] && ! [ "/proc/$1/root" -ef / ]; then
    root=/proc/$1/root
    flags="$flags -r"
  fi
  search=$(variable "$1" PATH)
  home=$(variable "$1" HOME)
}
live_in "$pid"
at_nova() {
  if [ -n "$flags" ]; then nsenter -t "$pid" $flags -- "$@"; else "$@"; fi
}
"""
)

# For after ``NOVA``. Afterwards ``$daemon`` is the process of the libvirt that
# nova-compute uses, empty if none runs: of several that are root's that of its own
# network, then that of its own files. ``at_libvirt`` runs a tool of libvirt's: here,
# or, where this host has none of its own, in the daemon's container, whose root is
# ``$libvirt_root`` then.
LIBVIRT = r"""daemon=
closest=-1
for each in $(grep -lx 'libvirtd\|virtqemud' /proc/[0-9]*/comm 2>/dev/null \
    | cut -d/ -f3); do
  if ! may_be "$each" || [ "$(owner_of "$each")" != "$(id -u)" ]; then continue; fi
  common=0
  for kind in net mnt; do
    space=$(readlink "/proc/$each/ns/$kind" 2>/dev/null)
    if [ "$space" = "$(readlink "/proc/${pid:-self}/ns/$kind")" ]; then
      common=$((common + 1))
    fi
  done
  if [ "$common" -gt "$closest" ]; then daemon=$each closest=$common; fi
done
libvirt_root=
inside=
if [ -n "$daemon" ] && ! command -v virsh >/dev/null; then
  live_in "$daemon"
  inside=$flags
  libvirt_root=$root
  libvirt_search=${search:-$PATH}
  live_in "$pid"
fi
at_libvirt() {
  if [ -z "$inside" ]; then "$@"; return; fi
  nsenter -t "$daemon" $inside -- env PATH="$libvirt_search" "$@"
}
"""

# ``at_libvirt`` and ``$libvirt_root`` alone, where nothing else of both is wanted.
TOOLS = f"""libvirt_root=
if command -v virsh >/dev/null; then
  at_libvirt() {{ "$@"; }}
else
{NOVA}{LIBVIRT}fi
"""
