"""What is shown, approved and watched in the same way: requests and drains."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

from novaweb_client.commands import ShowOne, add_number, add_wait
from novaweb_client.watching import Patience
from novaweb_client.wording import Row

Shown = tuple[tuple[str, ...], tuple[Any, ...]]


class Approvable(NamedTuple):
    """A kind of thing that people approve: its word, its path, how it is told."""

    word: str
    path: str
    columns: Callable[[Row], Shown]
    plan: Callable[[Row], str]
    follow: Callable[[Row, Patience], tuple[Row, int]]


class OfOne(ShowOne):
    """A command about one of a kind, which is named by its number."""

    kind: ClassVar[Approvable]

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser of its options."""
        parser = super().get_parser(prog_name)
        add_number(parser, self.kind.word)
        return parser

    def path(self, parsed_args: argparse.Namespace) -> str:
        """Return where it is in the API."""
        return f"{self.kind.path}/{parsed_args.number}/"


class Show(OfOne):
    """Show it."""

    def take_action(self, parsed_args: argparse.Namespace) -> Shown:
        """Return it as it is."""
        return self.kind.columns(self.api.get(self.path(parsed_args)))


class Approve(OfOne):
    """Approve its plan."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser of its options."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--digest",
            metavar="<plan digest>",
            help="Approve the plan with this digest without showing it",
        )
        parser.add_argument(
            "--note", metavar="<text>", required=True, help="Why; auditors read it"
        )
        add_wait(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Shown:
        """Approve exactly the plan that was shown, or named."""
        path, digest = self.path(parsed_args), parsed_args.digest
        if digest is None:
            found = self.api.get(path)
            self.require_agreement(self.kind.plan(found))
            digest = found["plan_digest"]
        found = self.api.post(
            f"{path}approve/", plan_digest=digest, note=parsed_args.note
        )
        if parsed_args.wait:
            found = self.followed(found, parsed_args, self.kind.follow)
        return self.kind.columns(found)


class Watch(OfOne):
    """Follow it to its end."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser of its options."""
        parser = super().get_parser(prog_name)
        add_wait(parser, always=True)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> Shown:
        """Return it as it is at the end."""
        found = self.api.get(self.path(parsed_args))
        return self.kind.columns(self.followed(found, parsed_args, self.kind.follow))
