"""What the logs of nova-compute add to a failure, where novaweb may enter the hosts."""

from __future__ import annotations

from migrations_app.errors import WorldError
from migrations_app.integrations.host_commands import compute_log
from migrations_app.procedures.base import StepContext


def failure_reason(ctx: StepContext, request_id: str, *, target: str | None) -> str:
    """Return what the logs of source and target say of the request, as a sentence.

    Their errors are added to the run's log, once for each request. Empty when the
    hosts may not be entered, cannot be read, or say nothing: a run never fails for it.
    """
    if ctx.world.hosts is None:
        return ""
    known = ctx.progress.get("logged", {})
    if request_id in known:
        return str(known[request_id])
    asked = compute_log.compute_log(request_id, server_id=ctx.move.server_id)
    said, telling = [], ""
    for host in dict.fromkeys(filter(None, (ctx.move.source, target))):
        try:
            answer = ctx.hosts.run(host, asked)
        except WorldError as error:
            said.append(f"The log of nova-compute on {host}: {error.sentence}")
            continue
        messages = compute_log.read(answer)
        said += [f"The log of nova-compute on {host}: {each}" for each in messages]
        if not telling and messages:
            last = compute_log.telling(messages)
            stop = "" if last.endswith(".") else "."
            telling = f"The log of nova-compute on {host} says: {last}{stop}"
    ctx.set_progress({**ctx.progress, "logged": {request_id: telling}})
    for line in said:
        ctx.log(line)
    return telling
