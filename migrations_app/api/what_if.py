"""What moves would change, by our copy of the cloud."""

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
    """An instance that is moved."""

    instance = Text(max_length=36, help_text="UUID")
    target = Text(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=255,
        help_text="A host; null: the best fit.",
    )


class WhatIfRequest(Input):
    """Hosts that are emptied, instances that are moved, or both.

    ``targets``: where they may go, if no target is given; none: every host.
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

    ``used_peak`` is the most that is charged at once, ``peak_at`` the move (from 1)
    that begins then; 0: before the first.
    """

    capacity = serializers.IntegerField()
    used_before = serializers.IntegerField()
    used_peak = serializers.IntegerField()
    used_after = serializers.IntegerField()
    peak_at = serializers.IntegerField()


class EffectHostSerializer(serializers.Serializer[Any]):
    """What becomes of one host, by placement's names of resources."""

    host = serializers.CharField()
    zone = serializers.CharField()
    arriving = serializers.IntegerField()
    leaving = serializers.IntegerField()
    resources = serializers.DictField(child=EffectResourceSerializer())


class BrokenSerializer(serializers.Serializer[Any]):
    """A limit or a rule that is broken.

    ``kind``: capacity, group, wish (a soft rule of a group), zone, project, host or
    guest; ``step`` is the number of the move (from 1).
    """

    kind = serializers.CharField()
    step = serializers.IntegerField()
    sentence = serializers.CharField()
    host = serializers.CharField()
    instance = serializers.CharField()


class EffectSerializer(serializers.Serializer[Any]):
    """Every host that is touched, and what is broken, in the order of the moves."""

    hosts = EffectHostSerializer(many=True)
    broken = BrokenSerializer(many=True)


class ForeseenMoveSerializer(serializers.Serializer[Any]):
    """One move; ``fallbacks`` are hosts where it would fit as well."""

    instance = serializers.CharField()
    name = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    target = serializers.CharField()
    procedure = serializers.CharField()
    fallbacks = serializers.ListField(child=serializers.CharField())


class StaysSerializer(serializers.Serializer[Any]):
    """An instance that cannot be moved: why, and what to do about that."""

    instance = serializers.CharField()
    name = serializers.CharField()
    host = serializers.CharField()
    sentence = serializers.CharField()
    way_out = serializers.CharField()


class ForeseenSerializer(serializers.Serializer[Any]):
    """The moves in their order, what stays, and the effect.

    ``as_of``: when the cloud was read. ``seconds``: how long the moves may take, two
    at once from and to each host and ten in all; null where that is not known.
    """

    cloud = serializers.CharField()
    as_of = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)
    moves = ForeseenMoveSerializer(many=True)
    stays = StaysSerializer(many=True)
    effect = EffectSerializer()


@extend_schema(tags=["inventory"])
class WhatIf(Checked, APIView):
    """What moves would change."""

    @extend_schema(request=WhatIfRequest, responses=ForeseenSerializer)
    def post(self, request: Request) -> Response:
        """Return every touched host before, at its peak and after. Changes nothing."""
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
