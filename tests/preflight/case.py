"""What a case of a rule is: facts for which it speaks, and facts for which not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import LIVE
from tests.preflight.build import TARGET, facts

BLOCKS, WARNS, UNKNOWN = Severity.BLOCKS, Severity.WARNS, Severity.UNKNOWN


@dataclass(frozen=True, slots=True)
class Case:
    """What one rule says in ``speaks``; nothing, or that all is well, in ``silent``."""

    severity: Severity
    speaks: Facts
    silent: Facts = field(default_factory=facts)
    by: str = LIVE
    to: str | None = TARGET
    silent_to: str | None = TARGET
    options: Mapping[str, Any] = field(default_factory=dict)


def options(**settings: str) -> dict[str, dict[str, str]]:
    """Settings of a host, __ for the dot between section and name."""
    return {"settings": {k.replace("__", "."): v for k, v in settings.items()}}
