"""What the commands have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import Any

from osc_lib import exceptions
from osc_lib.command import command

from novaweb_client.api import Api
from novaweb_client.watching import Patience
from novaweb_client.wording import Row, cleaned


class Command(command.Command):
    """A command that asks novaweb.

    Keystone is not asked: novaweb knows people by tokens of its own.
    """

    auth_required = False
    status = 0  # of the process, unless something raises

    def run(self, parsed_args: argparse.Namespace) -> int:
        """Return the exit status."""
        return super().run(parsed_args) or self.status

    @property
    def api(self) -> Api:
        """The API. Raises CommandError without an address or a token."""
        found: Api = self.app.client_manager.move  # type: ignore[attr-defined]
        return found

    def say(self, text: str) -> None:
        """Tell a person something; what the command answers is apart, on stdout."""
        self.app.stderr.write(f"{text}\n")
        self.app.stderr.flush()

    def require_agreement(self, plan: str) -> None:
        """Show the plan and ask a person. Raises CommandError unless they say yes."""
        if not self.app.stdin.isatty():
            raise exceptions.CommandError(
                "Nobody is here who could read the plan: say which one you approve, by"
                " --digest and its plan_digest."
            )
        self.say(plan)
        self.app.stderr.write("Approve this plan? Enter yes to approve it: ")
        self.app.stderr.flush()
        if self.app.stdin.readline().strip() != "yes":
            raise exceptions.CommandError("Nothing was approved.")


class ShowOne(Command, command.ShowOne):
    """A command that shows one object, and can wait for its end."""

    def followed(
        self,
        found: Row,
        parsed: argparse.Namespace,
        follow: Callable[[Row, Patience], tuple[Row, int]],
    ) -> Row:
        """Return the object as it is at the end of the wait, which sets the status."""
        patience = Patience(self.api, say=self.say, timeout=parsed.timeout)
        found, self.status = follow(found, patience)
        return found


class Lister(Command, command.Lister):
    """A command that shows a list."""

    def table(
        self, names: tuple[str, ...], rows: Any
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Return those fields of each row."""
        return names, [tuple(cleaned(row[name]) for name in names) for row in rows]


def whole_number(text: str) -> int:
    """Return a number from 0. Raises ArgumentTypeError."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def moment(text: str) -> str:
    """Return the ISO time as it is. Raises ArgumentTypeError for one without a zone."""
    try:
        zone = datetime.fromisoformat(text).tzinfo
    except ValueError:
        zone = None
    if zone is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a time with its zone, as 2026-03-01T22:00:00+01:00"
        )
    return text


def add_number(parser: argparse.ArgumentParser, what: str) -> None:
    """Add the number of the object that the command is about."""
    parser.add_argument(
        "number", metavar=f"<{what}>", type=whole_number, help=f"Number of the {what}"
    )


def add_reason(parser: argparse.ArgumentParser) -> None:
    """Add what everything that is asked for takes: why, and when."""
    parser.add_argument("--reason", metavar="<text>", required=True, help="Why")
    parser.add_argument("--ticket", metavar="<ticket>", help="Ticket of the change")
    for name, when in (("start", "Not before"), ("end", "Not begun after")):
        parser.add_argument(
            f"--window-{name}",
            metavar="<time>",
            type=moment,
            help=f"{when} this time, ISO 8601 with its zone",
        )


def add_wait(parser: argparse.ArgumentParser, *, always: bool = False) -> None:
    """Add the options for waiting."""
    if not always:
        parser.add_argument(
            "--wait",
            action="store_true",
            help="Wait for the end, with the log on stderr; the exit status says it",
        )
    parser.add_argument(
        "--timeout",
        metavar="<seconds>",
        type=whole_number,
        default=0,
        help="Wait for so long at most, then exit with status 124; 0: ever",
    )


def add_limit(parser: argparse.ArgumentParser) -> None:
    """Add how much of a list is wanted."""
    parser.add_argument(
        "--limit",
        metavar="<number>",
        type=whole_number,
        default=100,
        help="The newest ones, at most this number; default: 100, 0: all",
    )


def given(parsed: argparse.Namespace, *names: str) -> dict[str, Any]:
    """Return those options that were given, by their names."""
    return {
        name: getattr(parsed, name)
        for name in names
        if getattr(parsed, name) is not None
    }
