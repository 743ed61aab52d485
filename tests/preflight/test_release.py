"""Of which release Nova is: what tells it of the hosts, and what of all else."""

from __future__ import annotations

import pytest

from migrations_app.integrations.interfaces import HostFacts, Survey, World
from migrations_app.preflight import facts as preflight_facts
from migrations_app.preflight import inside
from pretend import PretendCloud, seed

TARGET = "compute-34"


def test_packages_of_hosts_tell_nothing_of_what_is_upgraded_before_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    older = HostFacts(TARGET, nova="31.3.1")
    monkeypatch.setattr(
        inside, "survey", lambda *_, **__: Survey(None, older, older, {})
    )
    cloud = PretendCloud()
    try:
        seed(cloud)
        cloud.set(release=33)
        facts = preflight_facts.gather(
            World(cloud, cloud.hosts), cloud.id_of("web-04"), targets=[TARGET]
        )
    finally:
        cloud.close()
    assert (facts.release, facts.control) == ((31, 31), (33, 33))
