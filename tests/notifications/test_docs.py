"""The contract of the webhooks, as its documentation has it."""

from __future__ import annotations

import ast
import re
import time
from pathlib import Path
from typing import Any

import pytest

from migrations_app.notifications import webhook_signing
from migrations_app.notifications.events import EVENTS
from proof.messages import FILES

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "notifications.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def verified() -> Any:
    """The example, as a reader would copy it."""
    (example,) = re.findall(r"```python\n(.*?)```", TEXT, re.S)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 - our own documentation
    return names["verified"]


def signed(*secrets: str, body: bytes = b'{"a":1}', age: int = 0) -> dict[str, str]:
    at = int(time.time()) - age
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(
            webhook_signing.signature(each, id="msg_1", timestamp=at, body=body)
            for each in secrets
        ),
    }


def test_the_example_takes_what_novaweb_signs(verified: Any) -> None:
    old, new = webhook_signing.new(), webhook_signing.new()
    both = signed(new, old)

    assert verified(new, signed(new), b'{"a":1}')
    assert verified(old, both, b'{"a":1}')
    assert verified(new, both, b'{"a":1}')


def test_the_example_refuses_everything_else(verified: Any) -> None:
    mine = webhook_signing.new()
    headers = signed(mine)

    assert not verified(webhook_signing.new(), headers, b'{"a":1}')
    assert not verified(mine, headers, b'{"a":2}')
    assert not verified(mine, {**headers, "webhook-id": "msg_2"}, b'{"a":1}')
    assert not verified(mine, signed(mine, age=600), b'{"a":1}')


def test_it_lists_every_event_as_it_is() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \| (yes)? ?\|$", TEXT, re.M)
    listed = {key: (whom, bool(mail)) for key, whom, mail in rows}
    assert listed == {
        key: (", ".join(event.whom), event.mail) for key, event in EVENTS.items()
    }


def test_the_page_of_faults_has_each_that_is_tried() -> None:
    page = (ROOT / "docs" / "message-faults.md").read_text(encoding="utf-8")
    listed = {tuple(line.split(" | ")[:2]) for line in page.splitlines()}
    tried = set()
    for name in FILES:
        for node in ast.walk(ast.parse((ROOT / name).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "fault":
                does = ast.literal_eval(node.keywords[0].value)
                tried.add((f"| {ast.literal_eval(node.args[0])}", does))

    assert tried
    assert tried - listed == set()
    assert "failed**" not in page
