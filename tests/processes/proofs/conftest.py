"""What only ``make proof`` runs: moves that other tests make elsewhere already."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    proof = config.pluginmanager.hasplugin("proof.plugin")
    return None if proof or collection_path.suffix != ".py" else True
