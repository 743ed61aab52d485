"""Connections to the lab's cloud, one for each project."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import openstack


class Cloud:
    """The lab's facts, and openstacksdk connections made when first needed."""

    def __init__(self, facts: str) -> None:
        self.facts: dict[str, Any] = json.loads(Path(facts).read_text())

    @functools.cached_property
    def admin(self) -> Any:
        return openstack.connect(
            cloud=self.facts["cloud"], compute_default_microversion="2.96"
        )

    @functools.cache  # noqa: B019 - one Cloud lives as long as the process
    def member(self, project: str) -> Any:
        """Return the connection of a project's own user."""
        return self.admin.connect_as(
            username=self.facts["members"][project],
            password=self.facts["admin"]["password"],
            project_name=project,
        )
