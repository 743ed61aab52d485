#!/usr/bin/env bash
# icalendar 7.3.0: the VTIMEZONE that it writes of a zone (Timezone.from_tzinfo, used by
# Calendar.add_missing_timezones) gives the onset of summer time as the clocks show it
# after the change, 03:00 for Berlin, beside TZOFFSETFROM:+0100. An onset is given by the
# clocks before it (RFC 5545, 3.6.5): 02:00. Who goes by the file alone, as dateutil
# does here, has clocks that are an hour slow in the first hour of each summer.
#
# Installs it in a temporary folder, and fails if it does otherwise.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"  # sh has no pipefail
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    icalendar==7.3.0 python-dateutil==2.9.0.post0 tzdata==2026.6

cat > "$here/writes.py" << 'PYTHON'
import io
from datetime import date, datetime, timezone
from zoneinfo import ZoneInfo

from dateutil.tz import tzical
from icalendar import Timezone

berlin = ZoneInfo("Europe/Berlin")
written = Timezone.from_tzinfo(
    berlin, "Berlin", first_date=date(2026, 1, 1), last_date=date(2027, 1, 1)
)
text = written.to_ical().decode().replace("\r\n", "\n")
(summer,) = written.daylight
print("onset:", summer.DTSTART.isoformat(), "from", summer.TZOFFSETFROM)
# a comment is not known to dateutil
lines = [line for line in text.splitlines() if not line.startswith("COMMENT")]
read = tzical(io.StringIO("\n".join(lines))).get("Berlin")
at = datetime(2026, 3, 29, 1, 30, tzinfo=timezone.utc)
for name, zone in (("Berlin", berlin), ("by the file", read)):
    print(f"01:30 UTC, {name}:", at.astimezone(zone).strftime("%H:%M"))
PYTHON
said=$("$here/venv/bin/python" -W ignore "$here/writes.py")
echo "$said"
grep -q '^onset: 2026-03-29T03:00:00 from 1:00:00$' <<< "$said"
grep -q '^01:30 UTC, Berlin: 03:30$' <<< "$said"
grep -q '^01:30 UTC, by the file: 02:30$' <<< "$said"
