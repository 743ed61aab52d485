"""Starts and stops single services of a lab by name."""

from __future__ import annotations

from collections.abc import Sequence

from lab import api_part, install, lifecycle, processes, services
from lab.progress import LabError, say
from lab.settings import Settings


def start(settings: Settings, names: Sequence[str]) -> None:
    """The named services run and answer, and Nova sees the hosts among them."""
    chosen = _chosen(settings, names)
    with install.alone(settings.root / "lock", "works on this lab"):
        services.start(settings, chosen)
        for service in chosen:
            services.wait(settings, service)
    if any(service.name.startswith("nova-compute-") for service in chosen):
        api_part.call(settings, "hosts")
    say("started " + ", ".join(service.name for service in chosen))


def stop(settings: Settings, names: Sequence[str]) -> None:
    """The named services do not run."""
    chosen = [service.name for service in _chosen(settings, names)]
    with install.alone(settings.root / "lock", "works on this lab"):
        patience = 60 if set(chosen) & set(lifecycle.INFRASTRUCTURE) else 12
        processes.stop(settings, chosen, patience=patience)
    say("stopped " + ", ".join(chosen))


def _chosen(settings: Settings, names: Sequence[str]) -> list[services.Service]:
    known = {service.name: service for service in lifecycle.every_service(settings)}
    for name in names:
        if name not in known:
            raise LabError(
                f"There is no service {name!r} in lab {settings.name!r}. There are: "
                + ", ".join(known)
            )
    if not settings.etc.exists():
        raise LabError(f"Lab {settings.name!r} was never up: `python3 -m lab up`.")
    return [known[name] for name in names]
