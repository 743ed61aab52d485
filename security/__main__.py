"""Print docs/security.md; with a word, the page of PAGES that it stands for."""

from __future__ import annotations

import sys

from security import access_rules, asvs_page, threat_page

PAGES = {
    "threats": threat_page.page,
    "asvs": asvs_page.page,
    "access-rules": access_rules.page,
}
sys.stdout.write(PAGES[(sys.argv[1:] or ["threats"])[0]]())
