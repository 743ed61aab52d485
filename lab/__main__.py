"""The lab's command: `python3 -m lab --help`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from lab import api_part, install, lifecycle, machine, single, space, status, where_is
from lab.progress import LabError, complain, end_commands, end_with_the_terminal
from lab.remembered import remembered
from lab.settings import (
    VARIABLE_PREFIX,
    VARIABLES,
    Settings,
    SettingsError,
    from_environment,
)

DESCRIPTION = "A real OpenStack cloud on this machine, for the demo and the tests."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    asked = _parser().parse_args(arguments)
    os.umask(0o022)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupted)
    end_with_the_terminal()
    try:
        return _run(asked, from_environment())
    except SettingsError as error:
        complain(str(error))
        return 2
    except LabError as error:
        complain(str(error))
        return error.exit_status
    except OSError as error:
        if not space.is_full(error):
            raise
        complain(f"The disk is full: {error}. Make room, then say this again.")
        return 1
    except KeyboardInterrupt:
        complain("Interrupted. `up` goes on from here, `down` ends what runs.")
        return 130


def _interrupted(*_: object) -> None:
    end_commands()
    raise KeyboardInterrupt


def _run(asked: argparse.Namespace, settings: Settings) -> int:
    machine.check()
    present = remembered(settings)
    match asked.command:
        case "install":
            install.ensure(settings)
        case "up":
            lifecycle.up(settings)
        case "down":
            lifecycle.down(present)
        case "seed":
            extra = ["--article"] if asked.article else []
            api_part.call(present, "seed", *extra, *asked.only)
        case "reset":
            api_part.call(present, "reset")
        case "status":
            return 0 if status.show(present) else 1
        case "start":
            single.start(present, asked.service)
        case "stop":
            single.stop(present, asked.service)
        case "restart":
            single.stop(present, asked.service)
            single.start(present, asked.service)
        case "where-is":
            where_is.show(present, asked.instance)
    return 0


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
    commands.add_parser("status", help="say of each service whether it works")
    for verb in ("start", "stop", "restart"):
        single_one = commands.add_parser(verb, help=f"{verb} single services")
        single_one.add_argument("service", nargs="+", help="e.g. nova-compute-30")
    where = commands.add_parser("where-is", help="all that is said about its place")
    where.add_argument("instance", help="UUID of an instance")
    commands.add_parser("reset", help="delete all instances, volumes and groups")
    seed = commands.add_parser("seed", help="make the instances to begin with")
    seed.add_argument(
        "--article",
        action="store_true",
        help="also disable compute-34, as in the article",
    )
    seed.add_argument("--only", nargs="+", default=[], metavar="NAME", help="web-0")
    return parser


def _settings_help() -> str:
    lines = ["Settings, all by environment:"]
    for name, (default, meaning) in VARIABLES.items():
        lines.append(f"  {VARIABLE_PREFIX + name:26} {meaning} [{default}]")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
