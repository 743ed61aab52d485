"""``manage.py guide``: what is set up, and what is missing."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from migrations_app.integrations.clouds import known_clouds
from migrations_app.inventory.setup_guide import cloud as setup_cloud
from migrations_app.inventory.setup_guide import inside as setup_inside
from migrations_app.inventory.setup_guide import site as setup_site
from migrations_app.inventory.setup_guide.step import WORDS, State, Step


class Command(BaseCommand):
    """Print the set-up guide; exit with status 1 if something fails or is missing."""

    help = "Check what novaweb needs, and say what to do: the set-up guide."
    # it tells what is wrong with the settings itself
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a part after the other, as each is found out."""
        hindered = self._print("This site", setup_site.steps())
        for name in known_clouds():
            hindered += self._print(f"Cloud {name}", setup_cloud.steps_of(name))
            told = setup_inside.steps_of(name)
            hindered += self._print(f"Workers in {name}", told)
        if hindered:
            sys.exit(1)

    def _print(self, title: str, steps: list[Step]) -> int:
        self.stdout.write(f"{title}\n{'-' * len(title)}")
        for step in steps:
            self.stdout.write(f"[{WORDS[step.state]}] {step.name}. {step.found}")
            for each in step.details:
                self.stdout.write(f"    * {each}")
            if step.state is not State.OK and step.remedy:
                self.stdout.write(f"    -> {step.remedy}")
            if step.state is not State.OK and step.cost:
                doubt = " if it is missing" if step.state is State.UNKNOWN else ""
                self.stdout.write(f"    What it costs{doubt}: {step.cost}")
        self.stdout.write("")
        self.stdout.flush()
        return sum(step.hinders for step in steps)
