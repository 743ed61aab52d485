"""Print docs/security.md; with the word "asvs", docs/asvs.md."""

from __future__ import annotations

import sys

from security import asvs_page, threat_page

page = asvs_page.page if "asvs" in sys.argv[1:] else threat_page.page
sys.stdout.write(page())
