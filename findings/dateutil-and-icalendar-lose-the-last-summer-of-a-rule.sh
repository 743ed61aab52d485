#!/usr/bin/env bash
# dateutil 2.9.0.post0 (tz.tzical) and icalendar 7.3.0 (Timezone.to_tz): a rule of a
# VTIMEZONE that has ended says so by the moment of its last change in UTC (RFC 5545,
# 3.6.5), as in Apple's and libical's files. Both compare that UTC with the local time of
# the change, as if it had no zone: east of Greenwich the last change is too late by
# that, and lost. Moscow had summer time in 2010, by these two it had none.
#
# Installs them in a temporary folder, and fails if they do otherwise.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"  # sh has no pipefail
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    icalendar==7.3.0 python-dateutil==2.9.0.post0 tzdata==2026.6

cat > "$here/reads.py" << 'PYTHON'
import io
from datetime import datetime
from zoneinfo import ZoneInfo

from dateutil.tz import tzical
from icalendar import Timezone

TEXT = """\
BEGIN:VTIMEZONE
TZID:Moscow
BEGIN:DAYLIGHT
DTSTART:19930328T020000
TZNAME:MSD
TZOFFSETFROM:+0300
TZOFFSETTO:+0400
RRULE:FREQ=YEARLY;UNTIL=20100327T230000Z;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T030000
TZNAME:MSK
TZOFFSETFROM:+0400
TZOFFSETTO:+0300
RRULE:FREQ=YEARLY;UNTIL=20101030T230000Z;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""
zones = {
    "Moscow": ZoneInfo("Europe/Moscow"),
    "dateutil": tzical(io.StringIO(TEXT)).get("Moscow"),
    "icalendar": Timezone.from_ical(TEXT.replace("\n", "\r\n")).to_tz(
        lookup_tzid=False
    ),
}
for name, zone in zones.items():
    offsets = [datetime(year, 7, 1, 12, tzinfo=zone).strftime("%z") for year in (2009, 2010)]
    print(f"{name}, July of 2009 and 2010:", *offsets)
PYTHON
said=$("$here/venv/bin/python" -W ignore "$here/reads.py")
echo "$said"
grep -q '^Moscow, July of 2009 and 2010: +0400 +0400$' <<< "$said"
grep -q '^dateutil, July of 2009 and 2010: +0400 +0300$' <<< "$said"
grep -q '^icalendar, July of 2009 and 2010: +0400 +0300$' <<< "$said"
