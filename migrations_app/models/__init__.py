"""The tables: facts and constraints. The verbs are in requests.py and runs.py."""

from __future__ import annotations

from migrations_app.models.audit import AuditEntry
from migrations_app.models.cloud import Cloud
from migrations_app.models.inventory import Hypervisor, Instance, Snapshot
from migrations_app.models.request import Decision, MigrationRequest
from migrations_app.models.run import Line, Pacer, Run, Step

__all__ = [
    "AuditEntry",
    "Cloud",
    "Decision",
    "Hypervisor",
    "Instance",
    "Line",
    "MigrationRequest",
    "Pacer",
    "Run",
    "Snapshot",
    "Step",
]
