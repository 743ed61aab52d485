"""How anything long is run on a host: detached, once, and looked at later.

A job has a folder on its host, named after the move and the job. While it runs it
holds a lock there, which the kernel takes back whatever it dies of; when it ends it
leaves its status. So any process may ask, after any death, how it stands, and a job
that is started twice runs once.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from enum import StrEnum

from migrations_app.integrations.interfaces import Command, Move

ROOT = "/var/lib/novaweb"
# What rsync and ssh say after the line that tells why.
_CONSEQUENCE = re.compile(
    r"^rsync error: |Broken pipe|connection unexpectedly closed|^Connection .* closed"
)


class JobIs(StrEnum):
    """How a job stands. ``CUT``: it ended without a status, as in a power cut."""

    ABSENT = "absent"
    RUNNING = "running"
    ENDED = "ended"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Job:
    """A script for one host, under a name that is unique within its move.

    ``words`` are for the pretend hosts.
    """

    move: Move
    name: str
    script: str
    words: dict[str, str]

    @property
    def folder(self) -> str:
        """Where it leaves its traces on the host."""
        return f"{ROOT}/{self.move.token}/{self.name}"

    @property
    def start(self) -> Command:
        """Start it, unless it runs already; what it left before is forgotten.

        The lock is taken here and handed on: who looks from now on sees it running.
        """
        folder = shlex.quote(self.folder)
        return self._command(
            "start_job",
            f"""umask 077
mkdir -p {folder}
cd {folder}
exec 9>lock
flock -n 9 || exit 0
rm -f status
cat >script <<'NOVAWEB-END'
{self.script}
NOVAWEB-END
setsid sh -c '
  echo $$ >pid
  code=0
  sh -eu script >out 2>err || code=$?
  echo "$code" >status.new
  mv status.new status
' </dev/null >/dev/null 2>&1 &
""",
        )

    @property
    def look(self) -> Command:
        """Say how it stands; ``read`` understands the answer."""
        folder = shlex.quote(self.folder)
        return self._command(
            "look_job",
            f"""if ! cd {folder} 2>/dev/null || [ ! -e lock ]; then
  echo absent
elif ! flock -n lock true; then
  echo running
elif [ -e status ]; then
  echo "ended $(cat status)"
else
  echo cut
fi
if [ -e out ]; then
  tail -c 2000 out | tr '\\r' '\\n' | sed -n 's/^/out /p' | tail -n 5
fi
if [ -e err ]; then
  tail -c 2000 err | grep -v '^ *$' | sed -n 's/^/err /p' | tail -n 8
fi
""",
        )

    @property
    def stop(self) -> Command:
        """End it and all that it started, and wait until that is so."""
        folder = shlex.quote(self.folder)
        return self._command(
            "stop_job",
            f"""cd {folder} 2>/dev/null || exit 0
[ -e lock ] || exit 0
if ! flock -n lock true; then
  kill -s TERM -- "-$(cat pid)" 2>/dev/null || true
  flock -w 10 lock true || {{ echo "the job does not end" >&2; exit 1; }}
fi
""",
        )

    def _command(self, name: str, text: str) -> Command:
        words = {**self.words, "token": self.move.token, "job": self.name}
        return Command(name, text, words, reads=name == "look_job")


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job stands: its status when it has ended, and what it wrote last."""

    stands: JobIs
    status: int | None = None
    out: tuple[str, ...] = ()
    err: tuple[str, ...] = ()

    @property
    def done(self) -> bool:
        """It ended, and well."""
        return self.stands is JobIs.ENDED and self.status == 0

    @property
    def complaint(self) -> str:
        """The last cause that it complained of; empty when it did not complain."""
        causes = [line for line in self.err if not _CONSEQUENCE.search(line)]
        return (causes or list(self.err) or [""])[-1]

    @property
    def copied(self) -> tuple[int, int] | None:
        """Bytes and percent that rsync has gone through; None when it does not say."""
        for line in reversed(self.out):
            found = re.match(r"\s*([\d,.]+)\s+(\d+)%", line)
            if found:
                return int(re.sub(r"\D", "", found[1])), int(found[2])
        return None


def read(answer: str) -> JobState:
    """Return what the answer of ``Job.look`` says. Raises ValueError for others."""
    first, *rest = answer.splitlines() or [""]
    word, _, number = first.partition(" ")
    return JobState(
        JobIs(word),
        int(number[:9]) if number else None,
        tuple(line[4:] for line in rest if line.startswith("out ")),
        tuple(line[4:] for line in rest if line.startswith("err ")),
    )
