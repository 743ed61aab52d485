"""The lab's command: `python3 -m lab --help`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from lab import api_part, install, lifecycle, machine
from lab.progress import LabError, complain
from lab.settings import (
    VARIABLE_PREFIX,
    VARIABLES,
    Settings,
    SettingsError,
    from_environment,
    remembered,
)

DESCRIPTION = "A real OpenStack cloud on this machine, for the demo and the tests."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    asked = _parser().parse_args(arguments)
    os.umask(0o022)
    try:
        _run(asked, from_environment())
    except SettingsError as error:
        complain(str(error))
        return 2
    except LabError as error:
        complain(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        complain("Interrupted. `up` goes on from here, `down` ends what runs.")
        return 130
    return 0


def _run(asked: argparse.Namespace, settings: Settings) -> None:
    match asked.command:
        case "install":
            machine.check()
            install.ensure(settings)
        case "up":
            lifecycle.up(settings)
        case "down":
            lifecycle.down(remembered(settings))
        case "seed":
            extra = ["--article"] if asked.article else []
            api_part.call(remembered(settings), "seed", *extra)
        case "reset":
            api_part.call(remembered(settings), "reset")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m lab",
        description=DESCRIPTION,
        epilog=_settings_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("install", help="install packages only")
    commands.add_parser("up", help="install, start, wait until all works")
    commands.add_parser("down", help="end everything; the state stays")
    commands.add_parser("reset", help="delete all instances, volumes and groups")
    seed = commands.add_parser("seed", help="make the instances to begin with")
    seed.add_argument(
        "--article",
        action="store_true",
        help="also disable compute-34, as in the article",
    )
    return parser


def _settings_help() -> str:
    lines = ["Settings, all by environment:"]
    for name, (default, meaning) in VARIABLES.items():
        lines.append(f"  {VARIABLE_PREFIX + name:26} {meaning} [{default}]")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
