"""Has oslo.config look for files in a lab's own etc alone, neither in /etc nor in ~.

Loaded by a .pth file as a Python of the lab's venv starts; without NOVAWEB_LAB_ETC in
the environment it does nothing. A --config-file does not do: whatever is given, each
service also reads /etc/NAME/NAME.conf.d, a policy.yaml in /etc/NAME and others that an
OpenStack on this machine, or what is left of one, may have there (oslo.config 10.7.0,
cfg.py, _get_config_dirs).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType

NAME = "oslo_config.cfg"


class Loader(SourceFileLoader):
    """Loads oslo.config's module and gives it the folders of the lab."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        if not hasattr(module, "_get_config_dirs"):
            raise ImportError(f"{NAME} has no _get_config_dirs any more", name=NAME)
        module._get_config_dirs = folders  # type: ignore[attr-defined]


class Finder(MetaPathFinder):
    """Finds that one module; all others are left to those that follow."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if fullname != NAME:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None:
            spec.loader = Loader(fullname, spec.origin)
        return spec


def folders(project: str | None = None) -> list[str]:
    """Return where files of a project are looked for."""
    etc = os.environ["NOVAWEB_LAB_ETC"]
    return [os.path.join(etc, project)] if project else [etc]


if "NOVAWEB_LAB_ETC" in os.environ:
    sys.meta_path.insert(0, Finder())
