"""A plan, and what was found about it, for requests that tests make."""

from __future__ import annotations

from typing import Any

PLAN: list[dict[str, Any]] = [
    {
        "key": "runs_on_source",
        "sentence": "Look whether it runs, idle, on its source.",
        "final": False,
    },
    {
        "key": "target_takes_instances",
        "sentence": "Look whether the target takes instances.",
        "final": False,
    },
    {
        "key": "migrate_live",
        "sentence": "Nova migrates it live from its source to its target.",
        "final": True,
    },
    {
        "key": "runs_on_target",
        "sentence": "Look whether it runs on its target.",
        "final": False,
    },
]
FINDINGS: list[dict[str, Any]] = [
    {
        "rule": "config-drive",
        "severity": "warns",
        "sentence": "The instance has a config drive.",
        "remedy": "Nova copies it along; nothing is to be done.",
        "evidence": {"config_drive": True},
    },
    {
        "rule": "target-up",
        "severity": "ok",
        "sentence": "The target is up and enabled.",
        "remedy": "",
        "evidence": {"state": "up", "status": "enabled"},
    },
]
