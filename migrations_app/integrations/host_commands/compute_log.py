"""What nova-compute's own log says about one request: the errors alone, never more.

The reason why a live migration broke off while it copied is in no API, only in the log
of nova-compute on the source (nova/virt/libvirt/driver.py, _live_migration_operation).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

from migrations_app.integrations.interfaces import Command

MOST_LINES = 40
LONGEST_LINE = 1000

# oslo.log's default format: date time process LEVEL logger [context] message
_LINE = re.compile(
    r"^(?:\S+ )?(?P<at>\d{4}-\d\d-\d\d[ T][\d:.]+)? ?\d* ?"
    r"(?P<level>ERROR|CRITICAL|WARNING) (?P<logger>\S+)"
    r" (?P<context>(?:\[[^\]]*\] ?)*)(?P<message>.*)$"
)
# "nova.exception_Remote.DestinationDiskExists_Remote: " says nothing to a person
_CLASS = re.compile(r"\b(?:[a-z_]\w*\.)+(?:\w+_Remote\.)?(?=[A-Z]\w+:)")
_ERROR = re.compile(r": (?:\w+\.)*\w*Error: ")
_PREFIX = re.compile(r"^Exception during message handling: ")


def compute_log(request_id: str) -> Command:
    """Print the last errors and warnings of nova-compute that carry the request id.

    The log is looked for where the running nova-compute writes: the file it has open
    as standard error, ``--log-file``, ``log_file`` in its ``--config-file``, the
    usual place, then the journal. An empty answer: there is none.
    """
    request = shlex.quote(request_id)
    text = f"""request={request}
logs=/var/log/nova/nova-compute.log
for process in /proc/[0-9]*; do
  line=$({{ tr '\\0' '\\n' <"$process/cmdline"; }} 2>/dev/null | head -n 40) || continue
  printf '%s\\n' "$line" | head -n 4 | grep -q '\\(^\\|/\\)nova-compute$' || continue
  logs="$logs
$(readlink "$process/fd/2" 2>/dev/null)
$(printf '%s\\n' "$line" | sed -n 's/^--log-file=//p')
$(printf '%s\\n' "$line" | sed -n '/^--log-file$/{{n;p;}}')"
  for file in $(printf '%s\\n' "$line" | sed -n 's/^--config-file=//p') \\
      $(printf '%s\\n' "$line" | sed -n '/^--config-file$/{{n;p;}}'); do
    logs="$logs
$(sed -n 's/^ *log_file *= *//p' "$file" 2>/dev/null)"
  done
done
found=
for log in $(printf '%s\\n' "$logs" | sort -u); do
  if [ -f "$log" ] && [ -r "$log" ]; then
    found=$(tail -c 50000000 "$log" | grep -aF -e "$request" \\
      | grep -aE ' (ERROR|WARNING|CRITICAL) ' | tail -n {MOST_LINES}) || found=
    [ -z "$found" ] || break
  fi
done
if [ -z "$found" ] && command -v journalctl >/dev/null; then
  found=$(journalctl -q --no-pager -o cat -u nova-compute -u openstack-nova-compute \\
    --since '-1 day' 2>/dev/null | grep -aF -e "$request" \\
    | grep -aE ' (ERROR|WARNING|CRITICAL) ' | tail -n {MOST_LINES}) || found=
fi
printf '%s\\n' "$found" | cut -c1-{LONGEST_LINE}
"""
    return Command("compute_log", text, {"request": request_id}, reads=True)


def read(answer: str) -> list[str]:
    """Return the errors in the answer as people read them, oldest first.

    Warnings are kept only where there is no error, and what merely warns of the age of
    a library never is. Each is said once.
    """
    errors: list[str] = []
    warnings: list[str] = []
    for line in answer.splitlines()[-MOST_LINES:]:
        found = _LINE.match(line[:LONGEST_LINE])
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
