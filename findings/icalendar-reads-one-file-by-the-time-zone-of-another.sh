#!/usr/bin/env bash
# icalendar 7.3.0: what a file says of its own time zone (VTIMEZONE) holds for the whole
# process. Another file, read later, that explains a zone of the same name otherwise is
# read by the first file's offsets, without a word; two calendars in one file likewise.
# Names such as “Customized Time Zone” are the same in many people's files. RFC 5545
# (3.2.19) has a name refer to the VTIMEZONE of its own file.
#
# Installs it in a temporary folder, and fails if it does otherwise.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"  # sh has no pipefail
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    icalendar==7.3.0 tzdata==2026.6

cat > "$here/reads.py" << 'PYTHON'
from icalendar import Calendar

LINES = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//example//EN
BEGIN:VTIMEZONE
TZID:Customized Time Zone
BEGIN:STANDARD
DTSTART:16010101T000000
TZOFFSETFROM:{offset}
TZOFFSETTO:{offset}
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:1@example
DTSTAMP:20260101T000000Z
DTSTART;TZID=Customized Time Zone:20260701T220000
DTEND;TZID=Customized Time Zone:20260702T060000
END:VEVENT
END:VCALENDAR
"""


def start(offset):
    text = LINES.format(offset=offset).replace("\n", "\r\n")
    return Calendar.from_ical(text).events[0].DTSTART.strftime("%H:%M %z")


print("a file at +0530:              ", start("+0530"))
print("then another file, at -0500:  ", start("-0500"))
PYTHON
said=$("$here/venv/bin/python" -W ignore "$here/reads.py")
echo "$said"
grep -q '^a file at +0530: *22:00 +0530$' <<< "$said"
grep -q '^then another file, at -0500: *22:00 +0530$' <<< "$said"
