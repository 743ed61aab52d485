"""What the options of nova.conf make of a live migration."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.integrations.interfaces import Server
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import LIVE
from tests.preflight.build import facts, finding, said, seen, server, with_specs
from tests.preflight.case import options
from tests.preflight.device_cases import FORCED, POST_COPY

OK, WARNS, UNKNOWN = Severity.OK, Severity.WARNS, Severity.UNKNOWN
PERMITTED = {"libvirt__live_migration_permit_post_copy": "true"}


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("10.1.0", "10.1.0", None),
        ("10.1.0", "9.2.0", WARNS),
        ("9.2.0", "", WARNS),
        ("10.1.0", "", UNKNOWN),
        ("", "", UNKNOWN),
    ],
)
def test_a_qemu_that_was_not_read_is_not_an_old_one(
    source: str, target: str, expected: Severity | None
) -> None:
    here = {**options(**POST_COPY), "qemu": source}
    assert said("hosts.post_copy", seen(source=here, target={"qemu": target})) is (
        expected
    )


@pytest.mark.parametrize(
    ("rule", "server_of"),
    [
        ("hosts.post_copy", None),
        ("hosts.serial", None),
        ("hosts.vif", None),
        ("source.timeout", None),
        ("disk.backend", None),
        ("disk.tunnelled", server(volumes=("v-1",))),
    ],
)
@pytest.mark.parametrize(
    "where",
    [
        {"source": {"instances": ""}, "target": {"instances": ""}},
        {
            "source": {"instances": ""},
            "target": {
                "instances": "",
                **options(serial_console__enabled="true", libvirt__images_type="rbd"),
            },
        },
    ],
)
def test_a_nova_conf_that_was_not_read_is_not_one_of_defaults(
    rule: str, server_of: Server | None, where: dict[str, Any]
) -> None:
    given = seen(server=server_of or server(), **where)
    assert said(rule, given, by=LIVE) is UNKNOWN


def test_a_value_that_refers_to_another_option_is_not_known() -> None:
    here = options(libvirt__live_migration_permit_post_copy="$other", **FORCED)
    found = finding("source.timeout", seen(source=here))
    assert found is not None
    assert "could not be read" in found.sentence
    assert said("hosts.serial", seen(target=options(serial_console__enabled="$x"))) is (
        UNKNOWN
    )


def test_it_says_how_post_copy_ends_on_an_old_qemu() -> None:
    found = finding("hosts.post_copy", seen(source=options(**POST_COPY)))
    assert found is not None
    assert "SHUTOFF" in found.sentence


def test_it_says_that_nova_aborts_by_default() -> None:
    found = finding("source.timeout", seen())
    assert found is not None
    assert found.severity is OK
    assert "aborts" in found.sentence
    assert "800 s for each GiB" in found.sentence


def test_it_warns_where_nova_completes_by_force() -> None:
    paused = finding("source.timeout", seen(source=options(**FORCED)))
    post = finding("source.timeout", seen(source=options(**FORCED, **PERMITTED)))
    pmem = finding(
        "source.timeout",
        seen(
            server=with_specs(hw__pmem="6GB"),
            source=options(**FORCED, **PERMITTED),
        ),
    )
    assert paused is not None and post is not None and pmem is not None
    assert {paused.severity, post.severity, pmem.severity} == {WARNS}
    assert "pauses" in paused.sentence
    assert "post-copy" in post.sentence
    assert "pauses" in pmem.sentence


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({**FORCED, "libvirt__live_migration_completion_timeout": "0"}, OK),
        ({"libvirt__live_migration_timeout_action": "$other"}, UNKNOWN),
    ],
)
def test_it_reads_whether_nova_ends_it_at_all(
    settings: dict[str, str], expected: Severity
) -> None:
    assert said("source.timeout", seen(source=options(**settings))) is expected


def test_it_is_silent_about_options_of_a_host_that_it_may_not_enter() -> None:
    assert said("source.timeout", facts()) is None
