"""What people choose about how pages show times and lists, recorded."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib.auth.models import User
from django.db import transaction

from migrations_app.access import display
from migrations_app.access.display import Display as Choices
from migrations_app.audit import recorder
from migrations_app.errors import Unfit
from migrations_app.models import Display


def choose(wanted: Choices, *, by: User) -> None:
    """Have pages show times and lists so to the person.

    Raises Unfit for a time zone that this machine does not know, and other choices than
    there are.
    """
    if wanted.time_zone and not display.is_known(wanted.time_zone):
        raise Unfit(
            f"There is no time zone “{wanted.time_zone}” here: write one as"
            " Europe/Berlin, or UTC."
        )
    if (
        wanted.dates not in Display.Dates.values
        or wanted.theme not in ("", *Display.Theme.values)
        or not 0 <= wanted.rows <= display.MOST_ROWS
    ):
        raise Unfit("Choose dates, rows and theme from the lists.")
    with transaction.atomic():
        User.objects.select_for_update().filter(pk=by.pk).first()
        row = Display.objects.filter(person=by).first() or Display(person=by)
        before = {name: getattr(row, name) for name in asdict(wanted)}
        after = asdict(wanted)
        if before == after:
            return
        for column, value in after.items():
            setattr(row, column, value)
        row.save()
        whose = {"name": by.get_username()}
        changed = [each for each in after if before[each] != after[each]]
        recorder.record(
            "account.display",
            by=by,
            before=whose | {each: before[each] for each in changed},
            after=whose | {each: after[each] for each in changed},
        )
