"""``openstack move request …``: requests of single moves."""

from __future__ import annotations

import argparse
import uuid
from typing import Any

from osc_lib import exceptions

from novaweb_client.api import Api
from novaweb_client.approvable import Approvable, Approve, Show, Shown, Watch
from novaweb_client.commands import (
    Lister,
    ShowOne,
    add_limit,
    add_number,
    add_reason,
    add_wait,
    given,
    whole_number,
)
from novaweb_client.watching import OF_REQUESTS, follow_request
from novaweb_client.wording import clean, plan_of_request, request_columns

PROCEDURES = ("auto", "live", "cold", "cold_by_disabling", "manual")
STATES = ("open", "requested", "approved", "running", *OF_REQUESTS)
IN_A_LIST = (
    "id",
    "state",
    "instance_name",
    "instance",
    "procedure",
    "source",
    "target",
    "asked_by",
    "asked_at",
    "ticket",
)
KIND = Approvable(
    "request", "requests", request_columns, plan_of_request, follow_request
)


def instance_named(api: Api, text: str, cloud: str | None = None) -> str:
    """Return the UUID of the instance with that name or UUID. Raises CommandError."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        pass
    filters: dict[str, Any] = {"cloud": cloud} if cloud else {}
    # the search finds parts of names, too
    rows = api.rows("instances/", q=text, **filters)
    found = [row for row in rows if row["name"] == text]
    if len(found) == 1:
        return str(found[0]["id"])
    if not found:
        raise exceptions.CommandError(
            f"novaweb knows no instance with the name {clean(text)}."
        )
    several = ", ".join(f"{row['id']} on {clean(row['host'])}" for row in found)
    raise exceptions.CommandError(
        f"Several instances have the name {clean(text)}: give the UUID of one"
        f" ({several})."
    )


def add_instance(parser: argparse.ArgumentParser) -> None:
    """Add the instance and where it is."""
    parser.add_argument("instance", metavar="<instance>", help="Its name or UUID")
    parser.add_argument(
        "--cloud",
        metavar="<cloud>",
        help="The cloud as novaweb names it, where it has several",
    )
    parser.add_argument(
        "--target", metavar="<host>", help="Host; without it the scheduler chooses"
    )


class CreateRequest(ShowOne):
    """Request a move of an instance; it starts once it is approved."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser of its options."""
        parser = super().get_parser(prog_name)
        add_instance(parser)
        parser.add_argument("--procedure", choices=PROCEDURES, required=True)
        parser.add_argument(
            "--block-migration",
            choices=("auto", "true", "false"),
            help="Whether live copies disks",
        )
        parser.add_argument(
            "--deadline", metavar="<minutes>", type=whole_number, help="Time limit"
        )
        parser.add_argument(
            "--probe", metavar="<probe>", help="icmp:ADDRESS or tcp:ADDRESS:PORT"
        )
        add_reason(parser)
        add_wait(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Shown:
        """Request the move."""
        fields = given(
            parsed_args, "cloud", "ticket", "window_start", "window_end", "procedure"
        )
        options = given(parsed_args, "block_migration", "deadline", "probe")
        if options.get("block_migration") in ("true", "false"):
            options["block_migration"] = options["block_migration"] == "true"
        found = self.api.post(
            "requests/",
            instance=instance_named(self.api, parsed_args.instance, parsed_args.cloud),
            target=parsed_args.target,
            reason=parsed_args.reason,
            options=options,
            **fields,
        )
        if parsed_args.wait:
            found = self.followed(found, parsed_args, follow_request)
        return request_columns(found)


class ListRequests(Lister):
    """List requests, newest first."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser of its options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--state", choices=STATES)
        parser.add_argument("--instance", metavar="<uuid>")
        parser.add_argument(
            "--whose",
            choices=("mine", "waiting"),
            help="Those that you asked for, or that wait for your decision",
        )
        parser.add_argument(
            "--search",
            metavar="<text>",
            dest="q",
            help="Part of an instance's name; or a UUID, host or ticket",
        )
        add_limit(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Return a page after the other."""
        filters = given(parsed_args, "state", "instance", "whose", "q")
        rows = self.api.rows("requests/", limit=parsed_args.limit, **filters)
        return self.table(IN_A_LIST, rows)


class ShowRequest(Show):
    """Show a request with its plan, findings, decisions and run."""

    kind = KIND


class ApproveRequest(Approve):
    """Approve the plan of a request, after it was shown or by its digest."""

    kind = KIND


class _Ended(ShowOne):
    """A request that does not run; the note says why."""

    verb = ""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser of its options."""
        parser = super().get_parser(prog_name)
        add_number(parser, "request")
        parser.add_argument("--note", metavar="<text>", required=True, help="Why")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Shown:
        """Carry it out."""
        path = f"requests/{parsed_args.number}/{self.verb}/"
        return request_columns(self.api.post(path, note=parsed_args.note))


class RejectRequest(_Ended):
    """Reject a request finally."""

    verb = "reject"


class WithdrawRequest(_Ended):
    """Withdraw a request before it starts."""

    verb = "withdraw"


class WatchRequest(Watch):
    """Follow a request to its end: the log on stderr, the result as exit status.

    0 completed, 3 held, 4 rolled back, 5 closed manually, 6 rejected, 7 withdrawn, 8
    expired, 9 not moved by its drain, 124 still under way after --timeout.
    """

    kind = KIND
