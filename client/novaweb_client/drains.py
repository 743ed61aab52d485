"""``openstack move drain …``: hosts that are emptied under one approval."""

from __future__ import annotations

import argparse
from typing import Any

from novaweb_client.approvable import Approvable, Approve, Show, Shown, Watch
from novaweb_client.commands import (
    Lister,
    ShowOne,
    add_limit,
    add_reason,
    add_wait,
    given,
    whole_number,
)
from novaweb_client.watching import OF_DRAINS, follow_drain
from novaweb_client.wording import Told, cleaned, drain_columns, plan_of_drain

STATES = ("planning", "requested", "approved", "running", "cancelling", *OF_DRAINS)
LIMITS = ("per_source", "per_target", "per_zone", "overall")
IN_A_LIST = ("id", "state", "cloud", "asked_by", "asked_at", "ticket", "why")
KIND = Approvable("drain", "drains", drain_columns, plan_of_drain, follow_drain)


class CreateDrain(ShowOne):
    """Request that hosts be emptied; it is planned, then waits for approval."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser of its options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("hosts", metavar="<host>", nargs="+", help="Host to empty")
        parser.add_argument(
            "--cloud",
            metavar="<cloud>",
            help="The cloud as novaweb names it, where it has several",
        )
        parser.add_argument(
            "--target",
            metavar="<host>",
            action="append",
            dest="targets",
            help="Host that may get instances; repeat it; without it every host",
        )
        for name in LIMITS:
            parser.add_argument(
                f"--{name.replace('_', '-')}",
                metavar="<number>",
                type=whole_number,
                help="Moves at the same time, 0: no limit",
            )
        parser.add_argument(
            "--stop-after",
            metavar="<number>",
            type=whole_number,
            help="Pause after this number of failures, 0: never",
        )
        parser.add_argument(
            "--afterwards",
            choices=("keep", "enable"),
            help="Whether the hosts stay disabled at the end, or are enabled",
        )
        add_reason(parser)
        add_wait(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Shown:
        """Request the drain."""
        fields = given(
            parsed_args,
            *("cloud", "targets", "stop_after", "afterwards"),
            *("ticket", "window_start", "window_end"),
        )
        if limits := given(parsed_args, *LIMITS):
            fields["limits"] = limits
        found = self.api.post(
            "drains/", hosts=parsed_args.hosts, reason=parsed_args.reason, **fields
        )
        if parsed_args.wait:
            found = self.followed(found, parsed_args, follow_drain)
        return drain_columns(found)


class ListDrains(Lister):
    """List drains, newest first."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser of its options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--state", choices=STATES)
        add_limit(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Return a page after the other."""
        filters = given(parsed_args, "state")
        rows = list(self.api.rows("drains/", limit=parsed_args.limit, **filters))
        names, table = self.table(IN_A_LIST, rows)
        hosts = [cleaned(row["hosts"]) for row in rows]
        return (
            (*names, "hosts"),
            [
                (*columns, Told(each, ", ".join(each)))
                for columns, each in zip(table, hosts, strict=True)
            ],
        )


class ShowDrain(Show):
    """Show a drain with its moves, what stays and why, and its decisions."""

    kind = KIND


class ApproveDrain(Approve):
    """Approve a drain and all of its moves, after they were shown or by their digest.

    Each move's own plan is in `openstack move request show`.
    """

    kind = KIND


class WatchDrain(Watch):
    """Follow a drain to its end: its moves on stderr, the result as exit status.

    0 completed, 3 paused, 4 incomplete, 5 cancelled, 6 rejected, 7 withdrawn, 8
    expired, 9 nothing could be planned, 124 still under way after --timeout.
    """

    kind = KIND
