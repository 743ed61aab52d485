"""Hypothesis waits for a busy machine: how long an example takes proves nothing.

By itself it fails a test whose examples take 0.2 s each, or are slow to be made
(Hypothesis 6: settings.deadline, HealthCheck.too_slow).
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def pytest_configure() -> None:
    """Have every test of Hypothesis take its time."""
    settings.register_profile(
        "patient", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("patient")
