"""How the libvirt hosts and the database of a lab are: what its layouts change.

A layout is a file lab/layouts/NAME.toml of the fields below; what it does not name is
as without it. Several go together unless two of them want different things.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "layouts"


class LayoutError(Exception):
    """A layout that there is not, or that does not go with another; says which."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a lab is like. ``{n}`` in a name is the host's number, e.g. 40."""

    meaning: str = ""
    packages: tuple[str, ...] = ()  # of the distribution, besides the lab's
    # a host's name for Nova and so for SSH, for itself (Nova's node), and for others
    service: str = "compute-{n}"
    node: str = "compute-{n}"
    known_as: str = "compute-{n}"
    ssh_port: int = 22
    ssh_user: str = "root"  # any other is told to use sudo
    sshd: Mapping[str, str] = field(default_factory=dict)  # more of sshd_config
    nova_user: str = "nova"
    # 0: the machine's; else nova-compute's account has the id first + n on host n, and
    # QEMU's the one 100 above
    first_id: int = 0
    instances: str = "/var/lib/nova/instances"
    shared: tuple[str, ...] = ()  # the numbers of the hosts that share that folder
    config_dir: bool = False  # a host's own options are in a --config-dir
    container: bool = False  # nova-compute and libvirtd have roots of their own
    volumes: bool = False  # volumes that every host can attach, of the type "loop"
    tls_database: bool = False  # MariaDB demands TLS
    fat: bool = False  # a host can mount FAT, whether the kernel knows it or not
    galera: bool = False  # a second MariaDB, in one group with the first
    # more of a host's nova.conf: section, option, value
    nova: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # the same of single hosts, by their numbers
    nova_of: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)

    def like(self, other: Layout) -> bool:
        """Tell whether two differ at most in what nova-compute reads at its start."""
        one, two = (
            replace(it, meaning="", nova={}, nova_of={}) for it in (self, other)
        )
        return one == two

    def options(self, host: str) -> list[tuple[str, str, str]]:
        """Return section, option and value of all that a host's nova.conf has more."""
        return [
            (section, option, value)
            for more in (self.nova, self.nova_of.get(number(host), {}))
            for section, options in more.items()
            for option, value in options.items()
        ]

    def node_of(self, host: str) -> str:
        """Return a host's name for itself."""
        return self.node.format(n=number(host))

    def known_as_of(self, host: str) -> str:
        """Return the name that other hosts have for a host."""
        return self.known_as.format(n=number(host))


def number(host: str) -> str:
    """Return what of a host's name is its number."""
    return host.rpartition("-")[2]


def names() -> list[str]:
    """Return the names of all layouts."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def meanings() -> dict[str, str]:
    """Return what each layout is, in a sentence."""
    return {name: of(name).meaning for name in names()}


@cache
def of(text: str) -> Layout:
    """Return the layouts with these names, separated by commas, as one.

    Raises LayoutError for a name that there is not, and for two that contradict.
    """
    found = {}
    for name in filter(None, text.split(",")):
        if name not in names():
            known = ", ".join(names())
            raise LayoutError(f"There is no layout {name!r}. Known are: {known}.")
        with (FOLDER / f"{name}.toml").open("rb") as file:
            found[name] = tomllib.load(file)
    return together(found)


def together(found: Mapping[str, Mapping[str, Any]]) -> Layout:
    """Return layouts, each with its name, as one. Raises LayoutError."""
    merged: dict[str, Any] = {}
    for name, fields in found.items():
        _add(merged, fields, name)
    for key in ("packages", "shared"):
        merged[key] = tuple(merged.get(key, ()))
    return Layout(**merged)


def _add(merged: dict[str, Any], more: Mapping[str, Any], name: str) -> None:
    for key, value in more.items():
        before = merged.setdefault(key, {} if isinstance(value, dict) else value)
        if isinstance(value, dict):
            _add(before, value, name)
        elif before == value:
            continue
        elif key == "packages":
            merged[key] = [*before, *value]
        elif key == "meaning":
            merged[key] = f"{before} {value}"
        else:
            raise LayoutError(
                f"The layout {name!r} wants {key} = {value!r}, and one before it "
                f"{before!r}: they do not go together."
            )
