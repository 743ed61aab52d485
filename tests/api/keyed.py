"""How a POST with an Idempotency-Key is sent, and one that asks for a move."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from tests.api.conftest import REASON, Answer, Person
from tests.stage import Stage

KEY = '"8e03978e-40d5-43e8-bc93-6894a57f9324"'


def keyed(
    person: Person, path: str, *, key: str = KEY, text: bytes = b"", **fields: Any
) -> Answer:
    """Send the fields, or the text, with the key."""
    data = text or json.dumps(fields).encode()
    client = Client(headers={**person.headers, "Idempotency-Key": key})
    answer = client.post(f"/api/{path}", data, content_type="application/json")
    return Answer(answer)


def move(stage: Stage) -> dict[str, Any]:
    said = {"instance": stage.server, "procedure": "live", "target": stage.target}
    return {**said, "reason": REASON}
