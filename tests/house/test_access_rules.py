"""deploy/access_rules.json allows what novaweb asks of OpenStack, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from security import access_rules, openstack_calls

ROOT = Path(__file__).resolve().parents[2]


def test_they_are_written_by_the_command() -> None:
    written = (ROOT / "deploy" / "access_rules.json").read_text(encoding="utf-8")
    assert written == access_rules.page(), "make security"


def test_keystone_takes_each() -> None:
    """As its schema has them: a path of at most 225 characters, from a slash on."""
    rules = json.loads(access_rules.page())
    assert len(rules) == len({json.dumps(rule) for rule in rules})
    for rule in rules:
        assert set(rule) == {"service", "method", "path"}
        assert rule["path"].startswith("/")
        assert len(rule["path"]) <= 225


def test_nothing_is_made_or_deleted_but_what_moves_take() -> None:
    changing = {
        (service, method, path)
        for service, method, path in openstack_calls.calls()
        if method != "GET"
    }
    assert changing == {
        ("compute", "DELETE", "/servers/*/migrations/*"),
        ("compute", "DELETE", "/servers/*/os-volume_attachments/*"),
        ("compute", "POST", "/servers/*/action"),
        ("compute", "POST", "/servers/*/migrations/*/action"),
        ("compute", "POST", "/servers/*/os-volume_attachments"),
        ("compute", "POST", "/servers/*/remote-consoles"),
        ("compute", "PUT", "/os-services/*"),
        ("network", "PUT", "/ports/*"),
        ("placement", "PUT", "/allocations/*"),
    }


SOURCE = """
class Cloud:
    def f(self, it, path):
        {}
"""


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('self._wire.ask("image", "GET", "/images")', ("image", "GET", "/images")),
        ('self._compute("PUT", f"/a/{it}/b")', ("compute", "PUT", "/a/*/b")),
        ('self._get(f"/a/{it}")', ("placement", "GET", "/a/*")),
        ('p, q = f"{_path(it)}/x", 1; self._nova("GET", p)',
         ("compute", "GET", "/servers/*/x")),
        ('asked = ("network", "GET", "/ports"); self._wire.ask(*asked)',
         ("network", "GET", "/ports")),
    ],
)  # fmt: skip
def test_a_call_is_read(line: str, found: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "cloud.py").write_text(SOURCE.format(line), encoding="utf-8")
    assert openstack_calls.calls(tmp_path) == {found}


def test_a_call_that_is_not_plain_is_told(tmp_path: Path) -> None:
    text = SOURCE.format('self._wire.ask("compute", "GET", path)')
    (tmp_path / "cloud.py").write_text(text, encoding="utf-8")
    with pytest.raises(openstack_calls.Unreadable, match=r"cloud\.py:4"):
        openstack_calls.calls(tmp_path)


def test_the_documentation_names_a_rule_of_nova_for_each_address() -> None:
    """What an address of Nova's is called in its rules, by the last of its words."""
    said = (ROOT / "docs" / "least-privilege.md").read_text(encoding="utf-8")
    words = {
        "os-instance-actions": "os-instance-actions:list",
        "os-volume_attachments": "os-volumes-attachments:index",
        "remote-consoles": "os-remote-consoles",
        "shares": "os-server-shares:index",
        "migrations": "servers:migrations:show",
        "action": "servers:confirm_resize",
        "servers": "servers:show",
        "detail": "servers:detail",
    }
    missing = []
    for service, _, path in openstack_calls.calls():
        if service == "compute":
            parts = [part for part in path.split("/") if part not in ("", "*")]
            word = parts[-1] if parts[0] == "servers" else parts[0]
            if f"`{words.get(word, word)}" not in said:
                missing.append(path)
    assert missing == []
