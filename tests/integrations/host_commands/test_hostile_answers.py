"""Whatever a host answers, it is read, or one of our own errors says it is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from migrations_app.errors import NovawebError
from migrations_app.integrations.host_commands import (
    base_images,
    compute_log,
    copy_speed,
    disk_images,
    disk_pieces,
    domjobinfo,
    guest_hardware,
    host_survey_parser,
    host_ways,
    instance_files,
    libvirt_domains,
)
from migrations_app.integrations.host_commands.disk_images import Image, Opened
from migrations_app.integrations.interfaces import Command, Move

WEB = "5f0c1d7e-0000-4000-8000-000000000001"
FILES = [Opened("/i/disk", "qcow2")]
IMAGE = Image("/i/disk", "qcow2")
HEADINGS = (
    *("options", "instances", "hostname", "nova", "contained", "virsh", "rsync"),
    *("free", "filesystem", "folder", "domain", "silent", "secrets", "bases"),
    *("state", "kept", "cpu", "files", "image vda", "refused vda", "pieces"),
    *("written", "file 0", "image 0", "refused 0", "lacking", "end"),
)
NUMBERS = st.sampled_from(["1", "0", "-1", "²", "٣", "9" * 25, "9" * 5000, "1e999", ""])
XML = "<domain><devices><disk><driver type='{0}'/><target dev='vda'/></disk></devices>"
WORDS = st.one_of(
    NUMBERS,
    st.text(max_size=8),
    st.sampled_from(
        [
            *("a=b", "data", "zero", "missing", "running", "yes", "image /x", "{}"),
            *("[" * 2000, '{"virtual-size": Infinity}', '[{"filename": 1}]', "null"),
            *("block.0.name=vda", "block.0.wr.reqs=²", "<domain/>", f"{XML}</domain>"),
            *("domain running", "kept", "folder yes", "changed 1", "free ٣", "ended"),
            *("Operation: migration", "Job type: Completed", "Total downtime: 1.2.3"),
        ]
    ),
)
LINES = st.one_of(
    st.sampled_from([f"== {name}" for name in HEADINGS]),
    st.lists(WORDS, min_size=1, max_size=5).map(" ".join),
    st.lists(WORDS, min_size=1, max_size=5).map(lambda it: f" {' '.join(it)}"),
)
ANSWERS = st.lists(LINES, max_size=12).map(lambda it: "\n".join([*it, "== end", ""]))


class Says:
    """A host that gives this answer to all that is asked."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    def run(self, host: str, command: Command, *, timeout: float = 20.0) -> str:
        return self.answer


MOVE = Move(WEB, "web", "a", "b", token="0f3a", facts={"instances": "/i"})
READERS: dict[str, Callable[[str], object]] = {
    "host": lambda it: host_survey_parser.host("a", it, WEB),
    "guest": lambda it: host_survey_parser.guest(it, WEB, host="compute-30"),
    "hardware": guest_hardware.hardware,
    "ways": host_ways.read,
    "bases": base_images.read,
    "images": lambda it: disk_images.read(it, FILES, host="a"),
    "pieces": lambda it: disk_pieces.read(it, IMAGE, host="a"),
    "written": disk_pieces.read_written,
    "log": compute_log.read,
    "job": lambda it: copy_speed.stands(it).copied,
    "downtime": domjobinfo.read,
    "domains": lambda it: libvirt_domains.domains(Says(it), "a"),
    "state": lambda it: libvirt_domains.state(Says(it), "a", WEB),
    "census": lambda it: instance_files.census(Says(it), "a", MOVE),
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=120, deadline=None)
@given(answer=ANSWERS)
@example(answer="")
@example(answer="ended ²\n")
@example(answer=f"ended {'9' * 5000}\n")
@example(answer="block.0.wr.reqs=²\n== end")
def test_no_answer_of_a_host_is_more_than_an_error_of_ours(
    name: str, answer: str
) -> None:
    try:
        READERS[name](answer)
    except NovawebError as error:
        assert error.sentence
