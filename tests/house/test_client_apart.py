"""The plugin of the openstack command knows novaweb by its API alone.

The other way round, import-linter holds it (client-apart): the site does not know it.
"""

from __future__ import annotations

import sys
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import grimp
from cliff.command import Command

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "client"
KNOWN = {"cliff", "osc_lib", "requests"}


def project() -> dict[str, Any]:
    """Return what its pyproject.toml says of it."""
    text = (CLIENT / "pyproject.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)["project"]
    return found


def commands() -> dict[str, str]:
    """Return its commands, as `openstack` finds them, with their classes."""
    found: dict[str, str] = project()["entry-points"]["openstack.move.v1"]
    return found


BASES = {"commands", "approvable"}  # modules of what commands have in common


def test_it_imports_nothing_of_the_house() -> None:
    graph = grimp.build_graph("novaweb_client", include_external_packages=True)
    outside = {
        name
        for name in graph.modules
        if not name.startswith("novaweb_client") and name not in sys.stdlib_module_names
    }
    assert outside == KNOWN


def test_it_requires_what_it_imports() -> None:
    required = {each.partition(">")[0] for each in project()["dependencies"]}
    assert required == {"cliff", "osc-lib", "python-openstackclient", "requests"}


def test_each_command_is_offered_under_its_name() -> None:
    modules = [path.stem for path in (CLIENT / "novaweb_client").glob("*.py")]
    written = {
        f"{each.__module__}:{name}"
        for stem in modules
        for name, each in vars(import_module(f"novaweb_client.{stem}")).items()
        if isinstance(each, type)
        and issubclass(each, Command)
        and each.__module__ == f"novaweb_client.{stem}"
        and stem not in BASES
        and not name.startswith("_")
    }
    assert sorted(commands().values()) == sorted(written)


def test_its_readme_names_each_command() -> None:
    readme = (CLIENT / "README.md").read_text(encoding="utf-8")
    for name in commands():
        *noun, verb = name.split("_")
        row = next(
            row for row in readme.splitlines() if f"`openstack {' '.join(noun)} " in row
        )
        assert f"`{verb}`" in row or f" {verb}`" in row, name
