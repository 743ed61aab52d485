"""What the logs of nova-compute add to a failure, where novaweb may enter the hosts."""

from __future__ import annotations

from migrations_app.errors import WorldError
from migrations_app.integrations.host_commands import compute_log
from migrations_app.procedures.base import It


def reason(it: It, request_id: str, *, target: str | None) -> str:
    """Return what the logs of source and target say of the request, as a sentence.

    Their errors are added to the run's log, once for each request. Empty when the
    hosts may not be entered, cannot be read, or say nothing: a run never fails for it.
    """
    if it.world.hosts is None:
        return ""
    known = it.shown.get("logged", {})
    if request_id in known:
        return str(known[request_id])
    said, telling = [], ""
    for host in dict.fromkeys(filter(None, (it.move.source, target))):
        try:
            answer = it.hosts.run(host, compute_log.compute_log(request_id))
        except WorldError as error:
            said.append(f"The log of nova-compute on {host}: {error.sentence}")
            continue
        messages = compute_log.read(answer)
        said += [f"The log of nova-compute on {host}: {each}" for each in messages]
        if not telling and messages:
            last = compute_log.telling(messages)
            stop = "" if last.endswith(".") else "."
            telling = f"The log of nova-compute on {host} says: {last}{stop}"
    it.show({**it.shown, "logged": {request_id: telling}})
    for line in said:
        it.say(line)
    return telling
