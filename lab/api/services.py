"""What Nova and Cinder themselves say about their services."""

from __future__ import annotations

import json
from typing import Any

from lab.api.connection import Cloud


def report(cloud: Cloud) -> None:
    """Print the services of Nova and Cinder as JSON."""
    found = [
        _service("nova", service, service.updated_at)
        for service in cloud.admin.compute.services()
    ]
    if cloud.facts["cinder"]:
        found += [
            _service("cinder", service, service.updated_at)
            for service in cloud.admin.block_storage.services()
        ]
    print(json.dumps(found))


def _service(project: str, service: Any, updated_at: str | None) -> dict[str, object]:
    return {
        "project": project,
        "binary": service.binary,
        "host": service.host,
        "state": service.state,
        "status": service.status,
        "disabled_reason": getattr(service, "disabled_reason", None),
        "updated_at": updated_at,
    }
