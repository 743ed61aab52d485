"""Effect of moves, calculated from novaweb's copy of the cloud."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.api.base import Checked, Input, Text, taken
from migrations_app.drains.what_if import MOST, Answer, Question, foresee
from migrations_app.errors import Unfit


class PickRequest(Input):
    """Input: an instance and its target."""

    instance = Text(max_length=36, help_text="UUID")
    target = Text(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=255,
        help_text="A host; null: the best fit.",
    )


class WhatIfRequest(Input):
    """Input: hosts to empty, instances to move, or both.

    ``targets`` are the possible hosts for instances without a target; empty: every
    host.
    """

    cloud = Text(required=False, max_length=100)
    instances = serializers.ListField(
        child=PickRequest(), required=False, max_length=MOST
    )
    hosts = serializers.ListField(
        child=Text(max_length=255), required=False, max_length=MOST
    )
    targets = serializers.ListField(
        child=Text(max_length=255), required=False, max_length=1000
    )


class EffectResourceSerializer(serializers.Serializer[Any]):
    """One resource of a host, in VCPUs, MiB or GiB.

    ``used_peak`` is the highest allocation at one time; it starts with the move number
    ``peak_at`` (from 1), or 0: before the first move.
    """

    capacity = serializers.IntegerField()
    used_before = serializers.IntegerField()
    used_peak = serializers.IntegerField()
    used_after = serializers.IntegerField()
    peak_at = serializers.IntegerField()


class EffectHostSerializer(serializers.Serializer[Any]):
    """Effect on one host, by Placement's resource class."""

    host = serializers.CharField()
    zone = serializers.CharField()
    arriving = serializers.IntegerField()
    leaving = serializers.IntegerField()
    resources = serializers.DictField(child=EffectResourceSerializer())


class BrokenSerializer(serializers.Serializer[Any]):
    """Broken limit or rule.

    ``kind``: capacity, group, wish (a soft group rule), zone, project, host or guest;
    ``step`` is the number of the move (from 1).
    """

    kind = serializers.CharField()
    step = serializers.IntegerField()
    sentence = serializers.CharField()
    host = serializers.CharField()
    instance = serializers.CharField()


class EffectSerializer(serializers.Serializer[Any]):
    """All affected hosts, and broken rules in the order of the moves."""

    hosts = EffectHostSerializer(many=True)
    broken = BrokenSerializer(many=True)


class ForeseenMoveSerializer(serializers.Serializer[Any]):
    """One move; ``fallbacks`` are other possible hosts."""

    instance = serializers.CharField()
    name = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    target = serializers.CharField()
    procedure = serializers.CharField()
    fallbacks = serializers.ListField(child=serializers.CharField())


class StaysSerializer(serializers.Serializer[Any]):
    """Instance that cannot be moved, with the reason and a remedy."""

    instance = serializers.CharField()
    name = serializers.CharField()
    host = serializers.CharField()
    sentence = serializers.CharField()
    way_out = serializers.CharField()


class ForeseenSerializer(serializers.Serializer[Any]):
    """Moves in order, remaining instances, and the effect.

    ``as_of`` is the time of the copy. ``seconds`` is the estimated duration, with two
    moves at a time from and to each host and ten in total; null if unknown.
    """

    cloud = serializers.CharField()
    as_of = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    moves = ForeseenMoveSerializer(many=True)
    stays = StaysSerializer(many=True)
    effect = EffectSerializer()


@extend_schema(tags=["inventory"])
class WhatIf(Checked, APIView):
    """Effect of moves."""

    reads = True
    once = False
    dear = "what-if"

    @extend_schema(request=WhatIfRequest, responses=ForeseenSerializer)
    def post(self, request: Request) -> Response:
        """Return every affected host before, at its peak and after. Changes nothing."""
        sent = taken(request, WhatIfRequest)
        picks = sent.get("instances", [])
        question = Question(
            cloud=sent.get("cloud", ""),
            hosts=tuple(dict.fromkeys(sent.get("hosts", ()))),
            picks={each["instance"]: each.get("target") or "" for each in picks},
            targets=tuple(sent.get("targets", ())),
        )
        if len(question.picks) < len(picks):
            raise Unfit("An instance is named twice. Name each once.")
        return Response(_as_dict(foresee(question)))


def _as_dict(answer: Answer) -> dict[str, Any]:
    return {
        "cloud": answer.cloud.name,
        "as_of": answer.cloud.synced_at,
        "seconds": answer.seconds,
        "moves": [
            {
                "instance": move.guest,
                "name": move.name,
                "source": move.source,
                "target": move.target,
                "procedure": move.procedure,
                "fallbacks": move.fallbacks,
            }
            for move in answer.moves
        ],
        "stays": [
            {
                "instance": each.guest,
                "name": each.name,
                "host": each.host,
                "sentence": each.sentence,
                "way_out": each.way_out,
            }
            for each in answer.stays
        ],
        "effect": answer.effect.as_dict(),
    }
