"""Drafts: the plan that would run now, and its digest.

A draft is made when a move is requested, approved and started. Equal drafts have equal
digests; exactly the approved plan runs.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import Move, Server, World
from migrations_app.models import CopySpeed, MigrationRequest
from migrations_app.preflight import recheck
from migrations_app.preflight.advice import (
    Advice,
    WhatIf,
    advise,
    examine,
    resolve,
    what_if,
)
from migrations_app.preflight.copy_speeds import Speed, Speeds
from migrations_app.preflight.estimate import estimate
from migrations_app.preflight.facts import gather
from migrations_app.preflight.finding import Finding, Severity
from migrations_app.preflight.rule import MANUAL
from migrations_app.preflight.rules.disks import copies
from migrations_app.procedures import registry
from migrations_app.requests import group_mates

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan that can be approved, with the findings of the pre-flight."""

    server: Server
    procedure: str
    move: Move
    plan: list[dict[str, Any]]
    findings: tuple[Finding, ...]
    estimate: dict[str, Any]
    # what could not be read, by subject: a draft with gaps must not start anything
    unread: Mapping[str, str]
    # hosts that could not be entered, and why: a plan that differs only for that is
    # not a changed plan
    silent: Mapping[str, str]
    # why no worker has looked at the hosts, where workers have to; empty: one has
    not_looked: str
    # which plan of its request it is, from 1
    edition: int
    what_if: WhatIf
    # the other members of its server group, and where runs of ours take them
    mates: frozenset[str]
    heading: Mapping[str, str]
    # since when the cloud was asked, and the fingerprint of what can change soonest
    at: datetime
    seen: str
    # Nova's newest record of a move of the instance, 0 for none; None: not read
    newest_migration: int | None
    # the target alone keeps "auto" from a procedure that harms the guest less
    better_elsewhere: bool = False

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The findings that block the move."""
        return tuple(f for f in self.findings if f.severity is Severity.BLOCKS)

    @property
    def grave(self) -> Finding | None:
        """The first finding of what a person should decide for this very instance."""
        return next((f for f in self.findings if f.risk and f.risk.grave), None)

    @property
    def digest(self) -> str:
        """The SHA-256 of everything that is approved, in hexadecimal.

        Findings with severity ok are not included.
        """
        return plan_digest(
            self.move,
            edition=self.edition,
            procedure=self.procedure,
            plan=self.plan,
            findings=self.found,
        )

    @property
    def found(self) -> list[dict[str, Any]]:
        """The findings as JSON can hold them."""
        return [finding.as_dict() for finding in self.findings]

    def as_fields(self) -> dict[str, Any]:
        """Return it as fields of a MigrationRequest."""
        return {
            "procedure": self.procedure,
            "source": self.move.source,
            "token": self.move.token,
            "facts": dict(self.move.facts),
            "plan": self.plan,
            "findings": self.found,
            "estimate": self.estimate,
            "what_if": self.what_if.as_dict(),
            "plan_digest": self.digest,
            "edition": self.edition,
            "checked": {},
            "newest_migration": self.newest_migration,
        }


def plan_digest(
    move: Move,
    *,
    edition: int,
    procedure: str,
    plan: Sequence[Mapping[str, Any]],
    findings: Sequence[Mapping[str, Any]],
) -> str:
    """Return the SHA-256 of everything that is approved; see ``Draft.digest``."""
    agreed = {
        "edition": edition,
        "procedure": procedure,
        "instance": move.server_id,
        "source": move.source,
        "target": move.target,
        "options": dict(move.options),
        "token": move.token,
        "facts": dict(move.facts),
        "plan": plan,
        "findings": [
            [it["rule"], it["severity"], it["sentence"]]
            for it in findings
            if it["severity"] != Severity.OK
        ],
    }
    text = json.dumps(agreed, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def draft(
    world: World,
    *,
    instance: str,
    procedure: str,
    target: str | None,
    options: Mapping[str, Any],
    edition: int = 1,
    token: str = "",
) -> Draft:
    """Query the cloud and return the draft. Raises the errors of the cloud."""
    began = timezone.now()
    facts = gather(world, instance, targets=[target] if target else None)
    facts = group_mates.with_mates(facts, world.cloud.name)
    server = facts.server
    token = token or secrets.token_hex(4)
    move = Move(server.id, server.name, server.host or "", target, options, token)
    speed = _speeds(world, server=server, target=target).between(move.source, target)
    better_elsewhere = False
    if procedure == AUTO:
        choice = resolve(facts, move, speed=speed)
        procedure, better_elsewhere = choice.procedure, choice.elsewhere
    kind = registry.procedure(procedure)
    frozen = kind.cloud_facts(world.cloud, move, server=server, inside=facts.inside)
    if facts.survey is not None:
        frozen |= kind.survey_facts(facts.survey)
    move = replace(move, facts=frozen)
    copied = copies(facts, move, procedure)
    expected = estimate(server, procedure, speed=speed.mbit, copied=copied)
    return Draft(
        server=server,
        procedure=procedure,
        move=move,
        plan=registry.plan(procedure, move),
        findings=tuple(examine(facts, move, procedure)),
        # not part of the digest: a new measurement must not change what is approved
        estimate={**expected.as_dict(), "speed": speed.as_dict()},
        unread=facts.gaps(by_hand=procedure == MANUAL),
        silent=facts.survey.unread if facts.survey else {},
        not_looked=facts.not_looked,
        edition=edition,
        what_if=what_if(facts, move),
        mates=frozenset(facts.group.members if facts.group else ()) - {server.id},
        heading=facts.heading,
        at=began,
        seen=recheck.of_facts(facts, target),
        newest_migration=facts.newest_migration,
        better_elsewhere=better_elsewhere,
    )


def redraft(request: MigrationRequest) -> Draft:
    """Return the current draft of the request.

    If all that has changed is that nothing is to be said any more where something was
    unknown when people read the plan, it is still the plan that they read.
    """
    drawn = draft(
        connect.world_for(request.cloud.name),
        instance=request.instance,
        procedure=request.procedure,
        target=request.target,
        options=request.options,
        edition=request.edition,
        token=request.token,
    )
    as_read = replace(drawn, findings=_with_what_was_unknown(request, drawn.findings))
    return as_read if as_read.digest == request.plan_digest else drawn


def _with_what_was_unknown(
    request: MigrationRequest, findings: Sequence[Finding]
) -> tuple[Finding, ...]:
    """Return the findings, and those of the request's unknown ones that are gone.

    They are in the request's order, as the digest is made of them in that order.
    """
    now = {it.rule: it for it in findings if it.severity is not Severity.OK}
    found = []
    for each in request.findings:
        if (it := now.pop(each["rule"], None)) is not None:
            found.append(it)
        elif each["severity"] == Severity.UNKNOWN:
            found.append(Finding(**each | {"severity": Severity.UNKNOWN}))
    said = {it.rule for it in found}
    quiet = (it for it in findings if it.severity is Severity.OK)
    return (*found, *now.values(), *(it for it in quiet if it.rule not in said))


def too_late(
    request: MigrationRequest, drawn: Draft, *, elsewhere: bool = False
) -> str:
    """Return what hosts took too long to tell, and people had read of; empty: nothing.

    That is no other plan, but one that cannot be compared with theirs. ``elsewhere``:
    the draft is to another target, whose name is in its sentences.
    """
    read = {
        (it["rule"], "" if elsewhere else it["sentence"])
        for it in request.findings
        if it["severity"] == Severity.UNKNOWN
    }
    for it in drawn.findings:
        if it.late and (it.rule, "" if elsewhere else it.sentence) not in read:
            return it.sentence
    return ""


def advice(
    world: World, *, instance: str, procedure: str, target: str | None
) -> Advice:
    """Return the options for the instance, best first, with all findings."""
    facts = gather(world, instance, targets=[target] if target else None)
    facts = group_mates.with_mates(facts, world.cloud.name)
    procedures = registry.PROCEDURES if procedure == AUTO else [procedure]
    return advise(
        facts,
        procedures=tuple(procedures),
        targets=[target] if target else None,
        speeds=_speeds(world, server=facts.server, target=target),
    )


def _speeds(world: World, *, server: Server, target: str | None) -> Speeds:
    """Return the measurements between the hosts concerned.

    Without a target these are all hosts.
    """
    rows = CopySpeed.objects.filter(latest=True, cloud__name=world.cloud.name)
    if target is not None:
        pair = [server.host or "", target]
        rows = rows.filter(models.Q(source__in=pair) | models.Q(target__in=pair))
    measured = [
        Speed(row.mbit, row.at, row.source, row.target)
        for row in rows.order_by("at")
        if row.mbit is not None
    ]
    return Speeds.of(measured, assumed=settings.NOVAWEB_COPY_SPEED)
