"""A reason or a note may be as long on a page as it may be for a program."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from django import forms
from django.conf import settings
from django.test import Client

from migrations_app import api, web
from migrations_app.api.base import Input
from migrations_app.api.compute_services import DisableRequest
from migrations_app.errors import Unfit
from migrations_app.models import AuditEntry
from migrations_app.runs import actions as run_actions
from migrations_app.wording import LONGEST_TEXT
from tests import factories

TEXTS = ("reason", "note")


def every(kind: type, package: ModuleType) -> Iterator[type]:
    """Yield the classes of the kind that the package's modules define."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for each in vars(importlib.import_module(found.name)).values():
            here = isinstance(each, type) and each.__module__ == found.name
            if here and issubclass(each, kind):
                yield each


def test_every_text_of_a_person_has_the_one_length() -> None:
    lengths = {}
    for form in every(forms.Form, web):
        for name, field in form.base_fields.items():  # type: ignore[attr-defined]
            if name in TEXTS:
                lengths[form.__name__, name] = field.max_length
    for shape in every(Input, api):
        # why a service is disabled is Nova's to keep, in a column of 255
        for name, field in shape().fields.items():
            if name in TEXTS and shape is not DisableRequest:
                lengths[shape.__name__, name] = field.max_length

    assert len(lengths) > 15
    assert {key for key, most in lengths.items() if most != LONGEST_TEXT} == set()


def test_no_template_has_a_length_of_its_own_for_a_text() -> None:
    folder = Path(settings.BASE_DIR) / "templates"
    found = {}
    for path in folder.rglob("*.html"):
        for tag in re.findall(r"<(?:textarea|input)\b[^>]*>", path.read_text("utf-8")):
            if re.search(r'name="(note|reason)"', tag):
                found[f"{path.name}: {tag}"] = "{% longest_text %}" in tag

    assert found
    assert [place for place, right in found.items() if not right] == []


@pytest.mark.parametrize(("length", "taken"), [(4000, True), (4001, False)])
def test_a_page_takes_what_the_interface_takes(
    operator: Client, length: int, taken: bool
) -> None:
    row = factories.run()

    answer = operator.post(f"/runs/{row.pk}/stop/", {"note": "x" * length})

    assert answer.status_code == (302 if taken else 422)
    assert AuditEntry.objects.filter(verb="run.stop").exists() == taken
    assert (b"at most 4000 characters" in answer.content) != taken


@pytest.mark.django_db
def test_a_long_reason_keeps_nobody_from_the_decision(approver: Client) -> None:
    long = "It is urgent. " * 280
    row = factories.request(reason=long)
    factories.audit_entry(request_number=row.pk, note=long)

    page = approver.get(f"/requests/{row.pk}/").content.decode()

    # in full once, and folded
    assert page.count(long.strip()) == 1
    assert page.index("<details", page.index("why-title")) < page.index(long.strip())
    assert 'href="#decisions-title"' in page


@pytest.mark.django_db
def test_the_verb_itself_refuses_a_longer_one() -> None:
    row = factories.run()
    by = factories.person("otto", "operator")

    with pytest.raises(Unfit, match="at most 4000 characters"):
        run_actions.stop(row.pk, by=by, note="x" * 4001)
