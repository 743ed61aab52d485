"""``openstack move audit …``: the audit trail, read and exported."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from osc_lib import exceptions

from novaweb_client.commands import Command, Lister, add_limit, given, moment
from novaweb_client.wording import clean

FILTERS = ("instance", "host", "actor", "ticket", "request", "verb", "q")
IN_A_LIST = ("id", "at", "actor", "verb", "request", "sentence", "note")
NEWEST = 2**63 - 1  # no entry has a greater number


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add what narrows the trail."""
    for name in ("instance", "host", "actor", "ticket", "request"):
        parser.add_argument(f"--{name}", metavar=f"<{name}>")
    # --verb would be taken for the beginning of openstack's own --verbose
    parser.add_argument(
        "--action",
        metavar="<action>",
        dest="verb",
        help="As request.approved, or a family: run.*",
    )
    parser.add_argument(
        "--search",
        metavar="<words>",
        dest="q",
        help="Words; a * at the end of one stands for its rest",
    )
    for name in ("since", "until"):
        parser.add_argument(f"--{name}", metavar="<time>", type=moment)


class ListAudit(Lister):
    """List entries of the audit trail, newest first."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser of its options."""
        parser = super().get_parser(prog_name)
        add_filters(parser)
        add_limit(parser)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Return a page after the other, by the numbers of the entries."""
        filters = given(parsed_args, *FILTERS, "since", "until")
        rows = self.api.rows(
            "audit/", limit=parsed_args.limit, before=NEWEST, **filters
        )
        return self.table(IN_A_LIST, rows)


class ExportAudit(Command):
    """Export the audit trail into a new file, which can be verified without novaweb."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser of its options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("file", metavar="<file>", type=Path, help="File to write")
        parser.add_argument(
            "--format",
            choices=("jsonl", "csv", "proof"),
            default="jsonl",
            help="default: jsonl; proof: of the CSV with the same filters",
        )
        parser.add_argument(
            "--until-entry", metavar="<number>", help="The last entry that may be in it"
        )
        add_filters(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Write all of it, or nothing."""
        file: Path = parsed_args.file
        filters = given(
            parsed_args, *FILTERS, "since", "until", "format", "until_entry"
        )
        try:
            size = written(self.api.download("audit/export/", **filters), file)
        except FileExistsError as error:
            raise exceptions.CommandError(
                f"{clean(str(file))} is there already: name a new file."
            ) from error
        except OSError as error:
            raise exceptions.CommandError(
                f"{clean(str(file))} cannot be written: {error.strerror}."
            ) from error
        self.say(f"{clean(str(file))} holds the export, {size} bytes.")


def written(pieces: Iterator[bytes], file: Path) -> int:
    """Return the size of the new file, which has all of the pieces.

    Where that fails there is no file. Raises OSError, FileExistsError, and what the
    pieces raise.
    """
    # the trail is nothing that every user of a machine may read
    with open(file, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as to:
        try:
            return sum(map(to.write, pieces))
        except BaseException:
            file.unlink()
            raise
