"""Which tests follow each other in one process of pytest, and which start servers.

Tests that share what is slow to make (a browser, a database server, a guest in the lab)
are a group; groups run side by side. Those of the lab mostly wait for Nova and for
guests, so they have processes of their own, beside one for each processor.

What starts other programs may fail once for a reason of theirs (an emulated guest's
kernel panics, a program gets no processor for seconds), and is tried again, once; such
tries are told at the end with what went wrong, and more than three in a run are none.
"""

from __future__ import annotations

import os

import pytest

from tests.lab_plugin import lab_is_asked_for

# Fixtures that start a server, and what else of theirs no two groups need have.
SERVERS = {"make_site", "mariadb", "mortal", "postgresql", "running", "sshd", "valkey"}
OF_OTHER_PROGRAMS = ("lab", "browser", "server")
LAB_GROUPS = 8  # as many as `_of_the_lab` tells apart
# Modules with hypervisors have a group each, but for these. The first two spoil what
# the third hypervisor has, each for itself; the others follow what mostly waits.
GROUPS = {
    "by_hand_in_trouble": "spoilt",
    "losses_on_hypervisors": "spoilt",
    "leaks_on_the_lab": "hung",
    "hung_on_the_lab": "hung",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One process a core, up to four, and one for each group of the lab's tests."""
    waiting = LAB_GROUPS if lab_is_asked_for(config) and os.geteuid() == 0 else 0
    return min(os.cpu_count() or 1, 4) + waiting


# first of all: xdist writes the groups into the ids of the tests, which is how the
# first process hears of them
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & SERVERS:
            item.add_marker("server")
        if "tests/browser/" in item.nodeid:
            item.add_marker("browser")
        if group := _of_the_lab(item) or _of_others(item, fixtures):
            item.add_marker(pytest.mark.xdist_group(group))
        if any(map(item.get_closest_marker, OF_OTHER_PROGRAMS)):
            item.add_marker(pytest.mark.flaky(reruns=1))


def _of_the_lab(item: pytest.Item) -> str:
    if not item.get_closest_marker("lab"):
        return ""
    module = item.path.stem.removeprefix("test_")
    if module in GROUPS or "hypervisors" in getattr(item, "fixturenames", ()):
        return f"lab-{GROUPS.get(module, module)}"
    if item.get_closest_marker("alone"):
        return "lab-alone"
    return "lab-moves" if item.path.parent.name == "processes" else "lab-contract"


def _of_others(item: pytest.Item, fixtures: set[str]) -> str:
    if "chromium" in fixtures:
        return f"browser-{item.path.stem}"
    if "postgresql" in fixtures:
        return "postgresql"
    return ""
