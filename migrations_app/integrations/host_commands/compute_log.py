"""What nova-compute's own log says about one request: the errors alone, never more.

The reason why a live migration broke off while it copied is in no API, only in the log
of nova-compute on the source (nova/virt/libvirt/driver.py, _live_migration_operation).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from migrations_app.integrations.host_commands import namespaces
from migrations_app.integrations.interfaces import Command

MOST_LINES = 40
LONGEST_LINE = 1000

# oslo.log's default format: date time process LEVEL logger [context] message
_LINE = re.compile(
    r"^(?:\S+ )?(?P<at>\d{4}-\d\d-\d\d[ T][\d:.]+)? ?\d* ?"
    r"(?P<level>ERROR|CRITICAL|WARNING) (?P<logger>\S+)"
    r" (?P<context>(?:\[[^\]]*\] ?)*)(?P<message>.*)$"
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*[mK]")
# "nova.exception_Remote.DestinationDiskExists_Remote: " says nothing to a person
_CLASS = re.compile(r"\b(?:[a-z_]\w*\.)+(?:\w+_Remote\.)?(?=[A-Z]\w+:)")
_ERROR = re.compile(r": (?:\w+\.)*\w*Error: ")
_PREFIX = re.compile(r"^Exception during message handling: ")


def compute_log(request_id: str, *, server_id: str) -> Command:
    """Print the last errors and warnings of nova-compute about one request.

    Those that carry its id; and, after the first line that does, those that carry the
    instance and no request's id, as in 26.2 the reason why a live migration broke off
    (nova/virt/libvirt/driver.py, _live_migration_operation). Colours are taken out.

    The log is looked for where the running nova-compute writes, through its root where
    it lives in a container: the file it has open as standard error, ``--log-file``,
    ``log_file`` or ``log_dir`` in its ``--config-file``, the usual places; then the
    journal. An empty answer: there is none.
    """
    text = f"""request={shlex.quote(request_id)}
instance={shlex.quote(f"[instance: {server_id}]")}
escape=$(printf '\\033')
{namespaces.OWNERS}errors() {{
  grep -aF -e "$request" -e "$instance" | sed "s/$escape\\[[0-9;]*[mK]//g" \\
    | awk -v request="$request" -v instance="$instance" '
      index($0, request) {{ seen = 1; ours = 1 }}
      !index($0, request) {{ ours = seen && index($0, instance) && !/req-/ }}
      ours && / (ERROR|WARNING|CRITICAL) /' | tail -n {MOST_LINES}
}}
places() {{
  for folder in /var/log/nova /var/log/kolla/nova /var/log/containers/nova; do
    echo "$root$(inside "$folder/nova-compute.log")"
  done
}}
told() {{ sed -n "s/^ *$1 *[=:] *//p" "$root$(inside "$file")" 2>/dev/null; }}
journal=
root=
logs=$(places)
for process in $(grep -lzx '\\(/[^[:space:]]*/\\)\\{{0,1\\}}nova-compute' \\
    /proc/[0-9]*/cmdline 2>/dev/null); do
  process=${{process%/cmdline}}
  may_be "${{process#/proc/}}" || continue
  line=$({{ tr '\\0' '\\n' <"$process/cmdline"; }} 2>/dev/null) || continue
  journal="$journal _PID=${{process#/proc/}} +"
  root=
  space=$(readlink "$process/ns/mnt" 2>/dev/null) || space=
  if [ -n "$space" ] && [ "$space" != "$(readlink /proc/self/ns/mnt)" ]; then
    root=$process/root
    logs="$logs
$(places)"
  fi
  for log in $(readlink "$process/fd/2" 2>/dev/null) \\
      $(printf '%s\\n' "$line" | sed -n 's/^--log-file=//p') \\
      $(printf '%s\\n' "$line" | sed -n '/^--log-file$/{{n;p;}}'); do
    logs="$logs
$root$(inside "$log")"
  done
  for file in $(printf '%s\\n' "$line" | sed -n 's/^--config-file=//p') \\
      $(printf '%s\\n' "$line" | sed -n '/^--config-file$/{{n;p;}}'); do
    folder=$(told log_dir | tail -n 1)
    for log in $(told log_file) nova-compute.log; do
      case "$log" in /*) ;; *) log=$folder/$log ;; esac
      logs="$logs
$root$(inside "$log")"
    done
  done
done
found=
for log in $(printf '%s\\n' "$logs" | sort -u); do
  if [ -f "$log" ] && [ -r "$log" ]; then
    found=$(tail -c 50000000 "$log" | errors) || found=
    [ -z "$found" ] || break
  fi
done
if [ -z "$found" ] && command -v journalctl >/dev/null; then
  found=$(journalctl -q --no-pager -o cat --since '-1 day' $journal \\
    _SYSTEMD_UNIT=nova-compute.service + _SYSTEMD_UNIT=openstack-nova-compute.service \\
    + CONTAINER_NAME=nova_compute 2>/dev/null | errors) || found=
fi
printf '%s\\n' "$found" | cut -c1-{LONGEST_LINE}
"""
    words = {"request": request_id}
    return Command("compute_log", text, words, reads=True)


def read(answer: str) -> list[str]:
    """Return the errors in the answer as people read them, oldest first.

    Warnings are kept only where there is no error, and what merely warns of the age of
    a library never is. Each is said once.
    """
    errors: list[str] = []
    warnings: list[str] = []
    for line in answer.splitlines()[-MOST_LINES:]:
        found = _LINE.match(_COLOUR.sub("", line[:LONGEST_LINE]))
        if found is None or not found["message"].strip():
            continue
        if found["level"] == "WARNING" and "deprecat" in found["message"]:
            continue
        kind = warnings if found["level"] == "WARNING" else errors
        message = _PREFIX.sub("", found["message"].strip())
        message = _CLASS.sub("", message).replace("_Remote:", ":")
        said, *again = re.split(_ERROR, message, maxsplit=1)
        if again and again[0] in said:  # libvirt's errors come twice
            message = said
        if message not in kind:
            kind.append(message)
    return errors or warnings


def telling(messages: Iterable[str]) -> str:
    """Return the message that says most of why it failed; empty when there is none."""
    told = list(messages)
    # nova/virt/libvirt/driver.py, _live_migration_operation
    libvirts = [it for it in told if it.startswith("Live Migration failure")]
    failures = [it for it in told if "ailure" in it or "ailed" in it]
    return (libvirts or failures or told or [""])[-1]
