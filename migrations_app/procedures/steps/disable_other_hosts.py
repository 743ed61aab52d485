"""Steps that hide all hosts but two from the scheduler, and offer them again.

Somebody else may enable or disable hosts at any moment, and Nova has no way to change
a service only if it is as it was. So each is read right before it is changed, what is
not as it was when the plan was made stays as it is, and what is undone is exactly what
carries the mark of this move.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

from migrations_app.errors import Blocked, Conflict, Gone, WorldError
from migrations_app.integrations.interfaces import Move, Service, World
from migrations_app.procedures.base import Act, Is, It, Step
from migrations_app.procedures.steps.disabled_reason import is_of, reason_of, token_of

NAMED = 6  # hosts in a sentence; the others are counted


def others(world: World, move: Move) -> list[str]:
    """Return the hosts that would have to be disabled, by name.

    All that are enabled but source and target. One that another move has disabled for
    some seconds counts as enabled: it will be again.
    """
    return sorted(
        service.host
        for service in world.cloud.services()
        if service.host not in {move.source, move.target}
        and (service.enabled or token_of(service))
        and not service.forced_down
    )


def window(move: Move) -> timedelta:
    """Return how long hosts may be disabled by the move, at the very most."""
    return sum(
        (step.patience(move) for step in (DisableOthers(), OthersAreHidden())),
        start=timedelta(minutes=5),
    )


def expect_disabled(it: It) -> None:
    """Raise Blocked when somebody has enabled a host that had to stay disabled."""
    for service in _rest(it):
        if service.up and service.enabled:
            raise Blocked(
                f"{service.host} was enabled by somebody while it had to be disabled:"
                " Nova could choose it. Ask anew when nobody changes services."
            )


def enable_ours(it: It) -> None:
    """Enable every service that carries the mark of this move, and no other.

    One that cannot be enabled keeps none of the others disabled; what was in the way
    is raised at the end.
    """
    trouble: WorldError | None = None
    for service in _ours(it):
        it.show({"enabling": service.host})  # raises when the run is no longer ours
        try:
            if is_of(it.move, it.cloud.service(service.host)):
                it.cloud.set_service(service.id, enabled=True)
        except Gone:
            continue
        except WorldError as error:
            trouble = trouble or error
    if trouble is not None:
        raise trouble


def _rest(it: It) -> list[Service]:
    two = {it.move.source, it.move.target}
    return [each for each in it.cloud.services() if each.host not in two]


def _ours(it: It) -> list[Service]:
    return [each for each in it.cloud.services() if is_of(it.move, each)]


def _on_its_way(it: It) -> bool:
    """Tell whether Nova has chosen already: then there is nothing left to hide."""
    server = it.cloud.server(it.move.server_id)
    return server.host != it.move.source or server.status in {"RESIZE", "VERIFY_RESIZE"}


def _planned(move: Move) -> list[str]:
    return list(move.facts.get("others", ()))


def _named(hosts: list[str]) -> str:
    if len(hosts) > NAMED:
        return f"{', '.join(hosts[:NAMED])} and {len(hosts) - NAMED} more"
    return ", ".join(hosts) or "none"


class DisableOthers(Act):
    """Nova disables every other host that is enabled, so that its scheduler can choose
    none but {target}: for some seconds nothing else can start or move to"""

    urgent = True
    at_once = True

    def sentence(self, move: Move) -> str:
        return f"{super().sentence(move)} {_named(_planned(move))}."

    def commands(self, move: Move) -> list[str]:
        return [f"Nova: disable nova-compute on {it}" for it in _planned(move)]

    def patience(self, move: Move) -> timedelta:
        # Nova calls each nova-compute before it answers
        return timedelta(minutes=2, seconds=len(_planned(move)))

    def check(self, it: It) -> Is:
        if _on_its_way(it):
            return Is.DONE
        return Is.READY if self._to_disable(it) else Is.DONE

    def do(self, it: It) -> None:
        for number, host in enumerate(self._to_disable(it), start=1):
            # raises when the run is no longer ours: nothing more must be disabled
            it.show({"disabling": host, "number": number})
            with suppress(Gone):
                service = it.cloud.service(host)
                if service.enabled and not service.forced_down:
                    reason = reason_of(it.move)
                    it.cloud.set_service(service.id, enabled=False, reason=reason)

    def heard(self, it: It) -> bool:
        return False  # what is still enabled may be asked for again

    def standing(self, it: It) -> Is:
        return Is.DONE if _ours(it) else Is.READY

    def undo(self, it: It) -> None:
        enable_ours(it)

    def _to_disable(self, it: It) -> list[str]:
        services = _rest(it)
        for each in services:
            if token_of(each) and not is_of(it.move, each):
                raise Conflict(
                    f"{each.host} is disabled by another move just now"
                    f" (“{each.disabled_reason}”): this one waits until it is enabled."
                )
        enabled = [it.host for it in services if it.enabled and not it.forced_down]
        if new := sorted(set(enabled) - set(_planned(it.move))):
            raise Blocked(
                f"{_named(new)} was enabled after this plan was approved, so that it is"
                " no longer enough. Ask anew."
            )
        return sorted(enabled)


class OthersAreHidden(Step):
    """Verify that the scheduler is offered {target} and no other host."""

    def patience(self, move: Move) -> timedelta:
        # what nova-compute could not tell placement it tells it within a minute
        return timedelta(minutes=2)

    def check(self, it: It) -> Is:
        if _on_its_way(it):
            return Is.DONE
        expect_disabled(it)
        hidden = it.cloud.hidden_hosts()
        offered = {service.host for service in _rest(it) if service.up} - hidden
        return Is.WAITING if offered or it.move.target in hidden else Is.DONE


class EnableOthers(Act):
    """Nova enables again, at once and before anything is copied, the hosts that this
    move disabled, and no others."""

    urgent = True
    at_once = True

    def patience(self, move: Move) -> timedelta:
        return timedelta(minutes=30)

    def check(self, it: It) -> Is:
        return Is.READY if _ours(it) else Is.DONE

    def do(self, it: It) -> None:
        enable_ours(it)

    def heard(self, it: It) -> bool:
        return False

    def standing(self, it: It) -> Is:
        # the way back disables nothing: here, too, all that is ours is to be enabled
        return Is.DONE if _ours(it) else Is.READY

    def undo(self, it: It) -> None:
        enable_ours(it)


class OthersAreOffered(Step):
    """Verify that the scheduler is offered again all hosts that were disabled."""

    def check(self, it: It) -> Is:
        if _ours(it):
            return Is.WAITING
        known = _planned(it.move)
        hidden = it.cloud.hidden_hosts() & set(known)
        wrong = [
            each.host
            for each in it.cloud.services()
            if each.host in hidden and each.enabled and each.up
        ]
        return Is.WAITING if wrong else Is.DONE
