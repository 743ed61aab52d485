"""Prometheus metrics, read from the database and Redis at each request.

Every web process returns the same values, because only stored data is counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Max, Min, Q
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from migrations_app.audit import signing
from migrations_app.models import (
    AuditWatch,
    Cloud,
    Delivery,
    FailedItem,
    LaneOf,
    MigrationRequest,
    Pacer,
    Run,
)
from migrations_app.models.states import OPEN_RUNS, RequestState, RunState
from migrations_app.runs import wakeup
from migrations_app.runs.queries import step_durations

RECENT = 200  # runs whose steps are timed


def page() -> bytes:
    """Return the metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(timezone.now()))
    return generate_latest(registry)


class _Figures(Collector):
    def __init__(self, now: datetime) -> None:
        self.now = now

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield self._by_state("requests", "Requests in each state.", RequestState)
        yield self._by_state("runs", "Runs in each state.", RunState)
        yield self._lateness()
        yield self._pacer()
        yield from self._messages()
        yield from self._proof()
        yield from self._clouds()
        yield self._failed()
        yield from self._queues()
        yield from self._steps()

    def _queues(self) -> Iterable[GaugeMetricFamily]:
        found = wakeup.queues(self.now)
        up = GaugeMetricFamily(
            "novaweb_redis_up",
            "1 if Redis answers; without it all is done some seconds later.",
            value=int(found is not None),
        )
        jobs = GaugeMetricFamily(
            "novaweb_queue_jobs", "Jobs that wait in each queue.", labels=["queue"]
        )
        oldest = GaugeMetricFamily(
            "novaweb_queue_seconds",
            "Seconds for which the oldest job of each queue has waited.",
            labels=["queue"],
        )
        for name, queue in (found or {}).items():
            jobs.add_metric([name], queue.jobs)
            if queue.oldest is not None:
                oldest.add_metric([name], queue.oldest)
        yield up
        yield jobs
        yield oldest

    def _steps(self) -> Iterable[GaugeMetricFamily]:
        words = f"seconds that the step took in the last {RECENT} runs."
        mean = GaugeMetricFamily(
            "novaweb_step_mean_seconds", f"Mean {words}", labels=["procedure", "step"]
        )
        longest = GaugeMetricFamily(
            "novaweb_step_longest_seconds",
            f"Longest {words}",
            labels=["procedure", "step"],
        )
        for took in step_durations(RECENT):
            mean.add_metric([took.procedure, took.step], took.mean.total_seconds())
            longest.add_metric(
                [took.procedure, took.step], took.longest.total_seconds()
            )
        yield mean
        yield longest

    def _by_state(
        self, name: str, words: str, states: type[RequestState] | type[RunState]
    ) -> GaugeMetricFamily:
        rows = (Run if states is RunState else MigrationRequest).objects.order_by()
        counted = dict(rows.values_list("state").annotate(number=Count("pk")))
        figure = GaugeMetricFamily(f"novaweb_{name}", words, labels=["state"])
        for state in states:
            figure.add_metric([state.value], counted.get(state.value, 0))
        return figure

    def _failed(self) -> GaugeMetricFamily:
        rows = FailedItem.objects.order_by().values_list("lane")
        counted = dict(rows.annotate(number=Count("pk")))
        figure = GaugeMetricFamily(
            "novaweb_failed_items",
            "Items of each lane whose last attempt failed, and which are tried again.",
            labels=["lane"],
        )
        for lane in LaneOf:
            figure.add_metric([lane.value], counted.get(lane.value, 0))
        return figure

    def _lateness(self) -> GaugeMetricFamily:
        due = Run.objects.filter(state__in=OPEN_RUNS, look_again_at__lte=self.now)
        oldest = due.order_by("look_again_at").values_list("look_again_at", flat=True)
        first = oldest.first()
        return GaugeMetricFamily(
            "novaweb_run_lateness_seconds",
            "Seconds for which the oldest waiting run has been due.",
            value=self._age(first) if first else 0,
        )

    def _pacer(self) -> GaugeMetricFamily:
        seen = Pacer.objects.filter(pk=1).values_list("seen_at", flat=True).first()
        return GaugeMetricFamily(
            "novaweb_worker_seen_seconds",
            "Seconds since a worker last looked for due runs; +Inf: never.",
            value=self._age(seen),
        )

    def _messages(self) -> Iterable[GaugeMetricFamily]:
        count = GaugeMetricFamily(
            "novaweb_deliveries",
            "Messages that wait, those of them that failed at least once, and those"
            " that were given up.",
            labels=["channel", "state"],
        )
        age = GaugeMetricFamily(
            "novaweb_delivery_age_seconds",
            "Seconds for which the oldest waiting message has waited.",
            labels=["channel"],
        )
        rows = Delivery.objects.filter(state__in=("waiting", "given up")).order_by()
        found = rows.values("channel", "state").annotate(
            number=Count("pk"),
            failing=Count("pk", filter=Q(tries__gt=0)),
            oldest=Min("made_at"),
        )
        numbers = {(row["channel"], row["state"]): row for row in found}
        for channel in ("mail", "webhook"):
            waiting = numbers.get((channel, "waiting"))
            given_up = numbers.get((channel, "given up"))
            for word, number in (
                ("waiting", waiting["number"] if waiting else 0),
                ("failing", waiting["failing"] if waiting else 0),
                ("given up", given_up["number"] if given_up else 0),
            ):
                count.add_metric([channel, word], number)
            age.add_metric([channel], self._age(waiting["oldest"]) if waiting else 0.0)
        yield count
        yield age

    def _proof(self) -> Iterable[GaugeMetricFamily]:
        found = signing.standing(self.now)
        yield GaugeMetricFamily(
            "novaweb_audit_trouble",
            "1 if the audit trail was changed, or is not signed although it should be.",
            value=int(found.alarming),
        )
        times = AuditWatch.objects.aggregate(
            signed=Max("signed_at"), verified=Max("looked_at")
        )
        for name, at in times.items():
            yield GaugeMetricFamily(
                f"novaweb_audit_{name}_seconds",
                f"Seconds since a worker last {name} the audit trail; +Inf: never.",
                value=self._age(at),
            )

    def _clouds(self) -> Iterable[GaugeMetricFamily]:
        age = GaugeMetricFamily(
            "novaweb_inventory_age_seconds",
            "Age of the copy of the cloud in seconds; +Inf: never read.",
            labels=["cloud"],
        )
        trouble = GaugeMetricFamily(
            "novaweb_inventory_trouble",
            "1 if the last reading of the cloud failed.",
            labels=["cloud"],
        )
        took = GaugeMetricFamily(
            "novaweb_inventory_seconds",
            (
                "Duration in seconds of the last reading of the cloud and of the"
                " last full scan."
            ),
            labels=["cloud", "scan"],
        )
        unseen = GaugeMetricFamily(
            "novaweb_leaks_trouble",
            "Hosts whose last scan for stale resources failed or was in part.",
            labels=["cloud"],
        )
        troubled = Count("leaklook", filter=~Q(leaklook__trouble=""))
        for cloud in Cloud.objects.annotate(unseen=troubled):
            for scan, seconds in (
                ("last", cloud.sync_seconds),
                ("full", cloud.full_scan_seconds),
            ):
                if seconds is not None:
                    took.add_metric([cloud.name, scan], seconds)
            age.add_metric([cloud.name], self._age(cloud.synced_at))
            trouble.add_metric([cloud.name], int(bool(cloud.trouble)))
            unseen.add_metric([cloud.name], cloud.unseen)
        yield age
        yield took
        yield trouble
        yield unseen

    def _age(self, then: datetime | None) -> float:
        if then is None:
            return float("inf")
        return max(0.0, (self.now - then).total_seconds())
