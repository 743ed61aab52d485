"""Where nova-compute and libvirt live on a host: in its namespaces, or a container's.

Text for the begin of a command; it runs under ``sh -u``.
"""

from __future__ import annotations

# Afterwards ``$pid`` is nova-compute's, empty if none runs, and what ``live_in`` says
# holds for it: ``$flags`` are nsenter's, into the namespaces of a process, as far as
# they are not ours; ``$root`` is empty, or its root; ``$search`` and ``$home`` are PATH
# and HOME of its environment. Wrappers of containers have nova-compute among their
# words, too, but only its own process is a Python. What it has just started is like it
# until it is another program: none is taken that has such a parent, and none that has
# no parent, for it has ended.
NOVA = r"""pid=
like=' '
for each in $(grep -lzx '\(/[^[:space:]]*/\)\{0,1\}nova-compute' \
    /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3); do
  program=$(readlink "/proc/$each/exe" 2>/dev/null)
  case "${program##*/}" in python*|'') like="$like$each " ;; esac
done
for each in $like; do
  parent=$(sed -n 's/^PPid:[^0-9]*//p' "/proc/$each/status" 2>/dev/null)
  case "$like" in
    *" ${parent:-$each} "*) ;;
    *) pid=$each; break ;;
  esac
done
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

# For after ``NOVA``. Afterwards ``$daemon`` is the process of the libvirt that
# nova-compute uses, empty if none runs: of several that of its own network, then that
# of its own files. ``at_libvirt`` runs a tool of libvirt's: here, or, where this host
# has none of its own, in the daemon's container, whose root is ``$libvirt_root`` then.
LIBVIRT = r"""daemon=
closest=-1
for each in $(grep -lx 'libvirtd\|virtqemud' /proc/[0-9]*/comm 2>/dev/null \
    | cut -d/ -f3); do
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
