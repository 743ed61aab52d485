"""When a browser has painted what a page is for: uvicorn and Chromium, as in life."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TIMES = 7
# each page, and the part that its reader came for
PAGES = {
    "/hypervisors/": ".heat a",
    "/hypervisors/?sort=-memory": "table tbody tr",
    "/hypervisors/compute-0500/": "#now .bar",
    "/instances/": "table tbody tr",
    "/what-if/?host=compute-0500": ".what-if-host",
    "/requests/": "table tbody tr",
}


def painted(folder: Path) -> Iterator[tuple[str, float, float]]:
    """Yield each page with the median and the worst time until it is of use, in ms.

    That is the later of the first contentful paint and of the moment when the part
    that its reader came for was there and laid out; from the start of the navigation,
    with stylesheets and scripts in the browser's cache, as on every page but the first.
    Raises SystemExit without Chromium, and where a page lacks the part.
    """
    from django.contrib.auth.models import User
    from django.test import Client
    from playwright.sync_api import sync_playwright

    from tests.browser.web import Web

    client = Client(headers={"Host": "localhost"})
    client.force_login(User.objects.get(username="olga"))
    session = client.cookies["sessionid"].value
    # as a site is served: by uvicorn, and its files by their digests
    web = Web(folder)
    web.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(**chromium())
            context = browser.new_context(viewport={"width": 1366, "height": 768})
            context.add_cookies(
                [{"name": "sessionid", "value": session, "url": web.address}]
            )
            page = context.new_page()
            for place, part in PAGES.items():
                took = []
                for _ in range(TIMES + 1):
                    page.goto(f"{web.address}{place}", wait_until="commit")
                    took.append(page.evaluate(_USEFUL, part))
                    page.wait_for_load_state("load")
                # the first one also fills the cache
                yield place, statistics.median(took[1:]), max(took[1:])
            browser.close()
    finally:
        web.stop()


def chromium() -> dict[str, Any]:
    """Which browser to launch, and how. Raises SystemExit without Chromium."""
    path = (
        os.environ.get("NOVAWEB_TEST_CHROMIUM")
        or shutil.which("chromium-headless-shell")
        or shutil.which("chromium")
    )
    if path is None:
        raise SystemExit(
            "There is no chromium: apt-get install chromium-headless-shell (as root)."
        )
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    return {"executable_path": path, "args": sandbox}


# resolves to ms since the start of the navigation, when both have been
_USEFUL = """part => new Promise((done, failed) => {
  const began = performance.now();
  const look = () => {
    const there = document.querySelector(part);
    const paints = performance.getEntriesByName("first-contentful-paint");
    if (there && there.getClientRects().length && paints.length) {
      return done(Math.max(performance.now(), paints[0].startTime));
    }
    if (performance.now() - began > 30000) {
      return failed(new Error(`there is no ${part} on this page`));
    }
    requestAnimationFrame(look);
  };
  look();
})"""
