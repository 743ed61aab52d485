"""How fast one host copies to another, by the way that ``manual`` copies.

The article's own advice: "you can test the speed yourself with a few regular rsync
tests". Random data, which no compression makes smaller, go by rsync over SSH straight
from host to host; what a copy costs that has next to nothing to carry is taken off.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands.detached_job import (
    ROOT,
    Job,
    JobIs,
    JobState,
    read,
)
from migrations_app.integrations.host_commands.disk_copy import PREFER, SSH
from migrations_app.integrations.interfaces import Command, Move

# What is older was left by hosts that went down in the middle of it.
LEFT_BEHIND_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measurement, from host to host; ``token`` is 8 hexadecimal digits."""

    source: str
    target: str
    token: str
    mebibytes: int

    @property
    def start(self) -> Command:
        """Begin it on the source, detached, unless it is under way there."""
        return replace(self._job.start, name="start_speed")

    @property
    def look(self) -> Command:
        """Say how it stands; changes nothing. ``stands`` understands the answer."""
        return replace(self._job.look, name="look_speed")

    @property
    def forget(self) -> Command:
        """End it on the source if it still runs, and remove what it left there."""
        folder = shlex.quote(f"{ROOT}/{self.token}")
        text = f"({self._job.stop.text})\nrm -rf {folder}\n"
        return Command("forget_speed", text, self._job.stop.words)

    @property
    def _job(self) -> Job:
        move = Move("", "", self.source, self.target, token=self.token)
        words = {"target": self.target, "mebibytes": str(self.mebibytes)}
        return Job(move, "speed", self._script, words)

    @property
    def _script(self) -> str:
        """Leaves nothing on either host but its words, whichever way it ends."""
        left = (
            f"find {ROOT} -mindepth 2 -maxdepth 2 -type d -name 'speed*'"
            f" -mmin +{LEFT_BEHIND_MINUTES} -exec rm -rf {{}} + 2>/dev/null || true;"
            f" find {ROOT} -mindepth 1 -maxdepth 1 -type d -empty"
            f" -mmin +{LEFT_BEHIND_MINUTES} -delete 2>/dev/null || true"
        )
        arrived = shlex.quote(f"{ROOT}/{self.token}/speed-arrived")
        return f"""ssh='{SSH}'
{PREFER}target={shlex.quote(self.target)}
its={arrived}
there() {{ $ssh -- "$target" "$1" </dev/null; }}
clean() {{
  rm -f little data
  there "rm -rf $its; rmdir $(dirname "$its") 2>/dev/null || true" || true
}}
send() {{ rsync --whole-file --timeout=60 -e "$ssh" -- "$1" "$target:$its/"; }}
trap clean EXIT
trap 'exit 143' TERM
{left}
there "umask 077; mkdir -p $its; {left}"
head -c 1024 /dev/urandom >little
head -c {self.mebibytes * 2**20} /dev/urandom >data
begun=$(date +%s%N)
send little
between=$(date +%s%N)
send data
ended=$(date +%s%N)
echo "little $((between - begun))"
echo "data $((ended - between))"
"""


def stands(answer: str) -> JobState:
    """Return what the answer of ``look`` says. Raises Blocked for any other."""
    try:
        return read(answer)
    except ValueError:
        raise Blocked(
            f"The host gave an invalid answer: “{answer[:80].strip()}”. Look at what"
            " its shell says at sign-in."
        ) from None


def mbit(measured: Measurement, state: JobState) -> int:
    """Return the speed in Mbit/s (10^6 bits) of a measurement that ended well.

    What the little copy took is what connecting takes; but no more than half of the
    time of the great one is taken off, so that a stutter of the little one cannot make
    a line look more than twice as fast as it was seen to be. Raises Blocked when the
    job ended without having said how long it took.
    """
    said = dict(line.split(" ", 1) for line in state.out if " " in line)
    try:
        little, data = int(said["little"]), int(said["data"])
    except (KeyError, ValueError):
        raise Blocked(
            f"The copy from {measured.source} to {measured.target} ended without"
            " saying how long it took. Have it measured again."
        ) from None
    nanoseconds = max(data - little, data // 2, 1)
    return max(1, round(measured.mebibytes * 2**20 * 8 * 1000 / nanoseconds))


def why(measured: Measurement, state: JobState) -> str:
    """Return why the measurement failed, as a sentence."""
    pair = f"from {measured.source} to {measured.target}"
    if state.stands is JobIs.CUT:
        return f"The copy {pair} was cut off: {measured.source} may have gone down."
    said = state.complaint.strip().rstrip(".")
    return (
        f"The copy {pair} failed{f': {said}' if said else ''}. root on"
        f" {measured.source} must be able to open SSH to {measured.target} without a"
        " password, and both need rsync."
    )
