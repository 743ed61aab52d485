from __future__ import annotations

import pytest

from demo.shown.cloud import Special
from demo.shown.scenes import TO_EMPTY
from demo.shown.seeding import Seeding


class Plain:
    """A cloud that nothing goes wrong in."""

    def enrich(self) -> None: ...

    def before(self, instance: str, mishap: str) -> None: ...

    def after(self, instance: str, mishap: str) -> None: ...


@pytest.mark.django_db
def test_a_drain_that_could_not_be_asked_for_does_not_end_the_demo() -> None:
    special: Special = Plain()
    seeding = Seeding(
        {},
        special,
        cloud="pretend",
        scenes=(),
        emptyings=(TO_EMPTY,),
        pause=lambda: None,
    )
    seeding.settle()
