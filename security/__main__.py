"""``python -m security > docs/security.md``: what threatens novaweb."""

from __future__ import annotations

import sys

from security.threat_page import page

sys.stdout.write(page())
