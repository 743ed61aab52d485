"""What people typed is shown as they typed it, and never becomes part of the page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from migrations_app.models import AuditEntry, Decision, Line, Run
from migrations_app.web.runs.feed import event
from migrations_app.web.tags.runs import log_line
from tests import factories

pytestmark = pytest.mark.django_db
EVIL = '<script>alert("x")</script>'
SHOWN = "&lt;script&gt;alert("


def evil_run(state: str = "held") -> int:
    of = factories.instance(EVIL, project_name=EVIL, flavor_name=EVIL, status="ACTIVE")
    findings = [
        {
            "rule": EVIL,
            "severity": "warns",
            "sentence": EVIL,
            "remedy": EVIL,
            "evidence": {EVIL: [EVIL]},
        }
    ]
    request = factories.request(
        of=of,
        state=state,
        reason=EVIL,
        ticket=EVIL,
        why=EVIL,
        findings=findings,
        plan=[{"key": "one", "sentence": EVIL, "final": True}],
        options={EVIL: EVIL},
    )
    Decision.objects.create(
        request=request,
        by_name=EVIL,
        approves=True,
        note=EVIL,
        plan_digest="x",
        at=timezone.now(),
    )
    factories.hypervisor("compute-30", disabled_reason=EVIL, enabled=False)
    factories.audit_entry(
        request_number=request.pk, note=EVIL, actor_name=EVIL, after={EVIL: EVIL}
    )
    run = factories.run(of=request, state=state, why=EVIL, lines=[EVIL], under_way=0)
    return int(run.pk)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/instances/",
        "/instances/{instance}/",
        "/hypervisors/",
        "/hypervisors/compute-30/",
        "/requests/",
        "/requests/{request}/",
        "/requests/ask/?instance={instance}",
        "/runs/{run}/",
        "/runs/{run}/lines/",
        "/audit/",
        "/audit/{entry}/",
        "/instances/?q=<script>alert(",
        "/nowhere/<script>alert(",
    ],
)
def test_it_shows_a_script_and_does_not_run_it(operator: Client, path: str) -> None:
    number = evil_run()
    run = Run.objects.get(pk=number)
    entry = AuditEntry.objects.get(note=EVIL)
    path = path.format(
        instance=run.request.instance,
        request=run.request_id,
        run=number,
        entry=entry.pk,
    )

    page = operator.get(path).content.decode()

    assert EVIL not in page
    assert "<script>alert(" not in page
    assert (
        SHOWN in page
        or "\\u003Cscript" in page
        or "&lt;script&gt;" in page
        or ("nowhere" in path)
    )


def test_it_streams_a_script_as_text() -> None:
    line = Line(number=1, text=EVIL, at=timezone.now())

    assert SHOWN in log_line(line)
    assert "<script" not in log_line(line)


def test_a_line_break_in_a_line_does_not_break_the_stream() -> None:
    line = Line(number=7, text="a\nb\r\nevent: end\rc", at=timezone.now())

    sent = event("line", log_line(line), id=7)

    assert sent.startswith("id: 7\nevent: line\ndata: ")
    assert all(part.startswith("data: ") for part in sent.strip().split("\n")[2:]), sent
