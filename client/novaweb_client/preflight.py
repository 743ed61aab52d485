"""``openstack move preflight …``: what novaweb advises, before anything is asked."""

from __future__ import annotations

import argparse
from typing import Any

from novaweb_client.commands import Lister, given
from novaweb_client.move_requests import PROCEDURES, add_instance, instance_named
from novaweb_client.wording import Told, clean, cleaned, finding_lines

COLUMNS = ("procedure", "target", "verdict", "recommended", "estimate", "findings")


class ShowPreflight(Lister):
    """Show the ways to move an instance, best first, each with its verdict.

    Changes nothing. Why the first is recommended, and what its time conflicts with, is
    on stderr.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Return the parser of its options."""
        parser = super().get_parser(prog_name)
        add_instance(parser)
        parser.add_argument("--procedure", choices=PROCEDURES)
        return parser

    def take_action(
        self, parsed_args: argparse.Namespace
    ) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """Return a row for each way."""
        found = self.api.post(
            "preflight/",
            instance=instance_named(self.api, parsed_args.instance, parsed_args.cloud),
            **given(parsed_args, "cloud", "target", "procedure"),
        )
        if found["why"]:
            self.say(clean(found["why"]))
        for conflict in found["conflicts"]:
            self.say(clean(conflict["sentence"]))
        best = found["recommended"]
        return COLUMNS, [
            _row(cleaned(way), recommended=_is(way, best)) for way in found["advice"]
        ]


def _is(way: dict[str, Any], best: dict[str, Any] | None) -> bool:
    return best is not None and all(way[name] == best[name] for name in best)


def _row(way: dict[str, Any], *, recommended: bool) -> tuple[Any, ...]:
    estimate, findings = way["estimate"], way["findings"]
    return (
        way["procedure"],
        way["target"],
        way["verdict"],
        recommended,
        Told(estimate, estimate["words"]),
        Told(findings, "\n".join(finding_lines(findings))),
    )
