"""A cloud of two hosts with an instance each."""

from __future__ import annotations

import pytest

from migrations_app.integrations import interfaces
from tests.inventory.cloud import Listing, hypervisor, server, service


@pytest.fixture
def cloud() -> Listing:
    return Listing(
        hosts=[hypervisor("compute-30"), hypervisor("compute-31")],
        computes=[service("compute-30"), service("compute-31")],
        listed=[server("web", "compute-30"), server("db", "compute-31")],
        tenants=[interfaces.Project("p1", "shop"), interfaces.Project("p2", "bank")],
    )
