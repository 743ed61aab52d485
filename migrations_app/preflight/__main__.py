"""Print the documentation of the rules; with the word "advice", that of the advice."""

from __future__ import annotations

import sys

from migrations_app.preflight import documentation
from migrations_app.preflight.advice_docs import page

sys.stdout.write(page() if "advice" in sys.argv[1:] else documentation())
