"""The commands that say what an instance is to its host, and whether another can be it.

They only look, as all of the survey (``host_survey``).
"""

from __future__ import annotations

import shlex

from migrations_app.integrations.host_commands import namespaces, qemu_image
from migrations_app.integrations.interfaces import Command, Guest

# A heading begins a line, all else is moved in by one blank, and printed by printf, as
# echo reads backslashes: nothing that a guest's owner has named looks like a heading.
# What one question finds wrong must not end the others: adapters/ssh runs ``sh -e``.
ASK = "set +e\n"
DEEPEST = 8  # files below a disk; Nova makes one
SHELL = f"""{ASK}heading() {{ echo "== $1"; }}
said() {{ sed 's/^/ /'; }}
"""
# ``look TARGET FORMAT`` looks at the disk ``$path``, and at what it stands on; those
# of volumes, which are elsewhere, stand on nothing that Nova moves.
_LOOK = f"""look() {{
  heading "image $1"
  opened=$path
  late=
  unread=
  format=$2
  before='['
  depth=0
  while refused=$(why_not "$format" "$opened") && [ -z "$refused" ]; do
    info=$(qemu_image info -U -f "$format" --output=json -- "$opened" 2>/dev/null)
    [ $? -ne 124 ] || late=yes
    if [ -z "$info" ]; then
      unread=$opened
      break
    fi
    printf '%s\\n%s\\n' "$before" "$info" | said
    before=,
    above=$opened
    opened=$(top backing-filename)
    case "$path" in "$folder"/*) ;; *) break ;; esac
    [ -n "$opened" ] && [ "$format" = qcow2 ] || break
    format=$(top backing-filename-format)
    format=${{format:-raw}}
    depth=$((depth + 1))
    if [ "$depth" -gt {DEEPEST} ] || ! is_base "$opened" "$instances" ||
      [ -L "$libvirt_root$opened" ]; then
      refused=elsewhere opened=$above
      break
    fi
  done
  if [ "$before" = , ]; then echo ' ]'; fi
  heading "refused $1"
  if [ -n "$refused" ]; then echo " $refused $opened"; fi
  heading "unread $1"
  if [ -n "$unread" ]; then printf '%s\\n' "$unread" | said; fi
  if [ -n "$late" ]; then
    heading late
    echo ' disks'
  fi
}}
top() {{ printf '%s\\n' "$info" | sed -n "s/^    \\"$1\\": \\"\\(.*\\)\\",\\{{0,1\\}}\\$/\\1/p"; }}
"""  # noqa: E501


def look_at_guest(*, server_id: str) -> Command:
    """Return the command that says what an instance is to its host.

    The format of a disk is the domain's word, and that of a file below it the word of
    the file above: what a guest wrote to the begin of a raw disk names no file.
    """
    return Command(
        "survey_guest",
        f"""{SHELL}{namespaces.TOOLS}{qemu_image.WORDS}{_LOOK}id={shlex.quote(server_id)}
heading domain
xml=$(at_libvirt virsh dumpxml -- "$id" 2>/dev/null)
printf '%s\\n' "$xml" | said
heading state
at_libvirt virsh domstate -- "$id" 2>/dev/null | head -n 1 | said
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
disks=$(at_libvirt virsh domblklist --details -- "$id" 2>/dev/null)
folder=$(echo "$disks" | while read -r kind device target path; do
  case "$path" in */"$id"/*) echo "${{path%/*}}"; break ;; esac
done)
heading files
if [ -n "$folder" ]; then
  echo " $folder"
  find "$libvirt_root$folder" -mindepth 1 -type f -printf ' %s %b %u:%g %m %P\\n'
fi
instances=${{folder%/*}}
echo "$disks" | while read -r kind device target path; do
  if [ "$kind" = file ] && [ -f "$libvirt_root$path" ]; then
    format=$(echo "$formats" | sed -n "s/^$target //p" | head -n 1)
    look "$target" "${{format:-raw}}"
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
    wanted = f"--virttype={shlex.quote(guest.type)}"
    if guest.arch:
        wanted += f" --arch={shlex.quote(guest.arch)}"
    machines = "".join(f"able {k} {shlex.quote(asked[k])}\n" for k in asked)
    return Command(
        "survey_cpu",
        f"""{ASK}{namespaces.TOOLS}cpu={shlex.quote(guest.cpu)}
ask() {{ printf '%s' "$cpu" | at_libvirt virsh "$@" /dev/stdin 2>&1; }}
words() {{ tr '\\n' ' '; echo; }}
able() {{
  if said=$(at_libvirt virsh domcapabilities {wanted} \\
    --machine="$2" 2>&1); then
    echo "$1 yes"
    printf '%s\\n' "$said" \\
      | sed -n '/<video /,/<\\/video>/s:.*<value>\\(.*\\)</value>.*:video \\1:p'
  else
    echo "$1 no $said" | words
  fi
}}
{machines}[ -n "$cpu" ] || exit 0
if said=$(ask hypervisor-cpu-compare --virttype={shlex.quote(guest.type)}); then
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
