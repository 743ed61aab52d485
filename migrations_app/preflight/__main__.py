"""Print the documentation of the rules."""

from __future__ import annotations

import sys

from migrations_app.preflight import documentation

sys.stdout.write(documentation())
