"""How often a name and a password may be tried, as all processes count them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections

from migrations_app.access.sign_in_throttle import (
    FORGET,
    OF_ADDRESS,
    OF_NAME,
    Admission,
    admit,
)
from migrations_app.models import SignInTries

NOW = datetime(2026, 3, 29, 10, 0, tzinfo=UTC)
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"


def tries(
    count: int, *, name: str = "rita", address: str = HOME, now: datetime = NOW
) -> list[Admission]:
    return [admit(name=name, address=address, now=now) for _ in range(count)]


@pytest.mark.django_db
def test_a_few_failures_are_free_and_then_each_doubles_the_wait() -> None:
    assert not any(each.wait for each in tries(OF_NAME.free))
    now, waits = NOW, []
    for _ in range(12):
        (refused,) = tries(1, now=now)
        waits.append(refused.wait)
        now += refused.wait
        (admitted,) = tries(1, now=now)
        assert not admitted.wait

    assert waits[:4] == [timedelta(seconds=5 * 2**n) for n in range(4)]
    assert waits == sorted(waits)
    assert waits[-1] == OF_NAME.longest


@pytest.mark.django_db
def test_nobody_is_kept_out_by_failures_from_another_address() -> None:
    tries(OF_NAME.free * 3, address=ELSEWHERE)

    assert admit(name="rita", address=ELSEWHERE, now=NOW).wait
    assert not admit(name="rita", address=HOME, now=NOW).wait


@pytest.mark.django_db
def test_many_names_from_one_address_wait_too() -> None:
    for number in range(OF_ADDRESS.free):
        assert not admit(name=f"name-{number}", address=HOME, now=NOW).wait

    assert admit(name="one-more", address=HOME, now=NOW).wait == OF_ADDRESS.first
    assert not admit(name="one-more", address=ELSEWHERE, now=NOW).wait


@pytest.mark.django_db
def test_one_line_of_ipv6_is_one_address() -> None:
    for number in range(OF_ADDRESS.free):
        admit(name=f"name-{number}", address=f"2001:db8::{number:x}", now=NOW)

    assert admit(name="one-more", address="2001:db8::ffff", now=NOW).wait
    assert not admit(name="one-more", address="2001:db8:0:1::1", now=NOW).wait


@pytest.mark.django_db
def test_ipv4_addresses_written_as_ipv6_are_as_many_as_they_are() -> None:
    for number in range(OF_ADDRESS.free):
        admit(name=f"name-{number}", address=f"::ffff:{HOME}", now=NOW)

    assert admit(name="one-more", address=HOME, now=NOW).wait
    assert not admit(name="one-more", address=f"::ffff:{ELSEWHERE}", now=NOW).wait


@pytest.mark.django_db
def test_a_right_password_costs_nothing_and_forgets_that_names_failures() -> None:
    for _ in range(OF_ADDRESS.free * 3):
        admit(name="rita", address=HOME, now=NOW).succeeded()
    tries(OF_NAME.free - 1)
    admit(name="rita", address=HOME, now=NOW).succeeded()

    assert not any(each.wait for each in tries(OF_NAME.free))


@pytest.mark.django_db
def test_a_right_password_between_guesses_does_not_keep_them_free() -> None:
    guesses = 0
    for number in range(OF_ADDRESS.free * 2):
        guesses += not admit(name=f"name-{number}", address=HOME, now=NOW).wait
        mine = admit(name="mallory", address=HOME, now=NOW)
        if not mine.wait:
            mine.succeeded()

    assert guesses == OF_ADDRESS.free


@pytest.mark.django_db
def test_a_try_that_must_wait_counts_for_nothing() -> None:
    tries(OF_NAME.free)
    first, last = tries(50)[::49]

    assert first.wait == last.wait == OF_NAME.first
    assert not admit(name="otto", address=HOME, now=NOW).wait


@pytest.mark.django_db
@pytest.mark.parametrize("passed", [FORGET, -FORGET])
def test_failures_are_forgotten_after_an_hour_or_when_the_clock_was_set_back(
    passed: timedelta,
) -> None:
    tries(OF_NAME.free * 2)
    later = NOW + passed * 1.01

    assert not any(each.wait for each in tries(OF_NAME.free, now=later))


@pytest.mark.django_db
def test_what_is_forgotten_is_removed() -> None:
    tries(3)
    admit(name="otto", address=ELSEWHERE, now=NOW + FORGET * 2)

    assert SignInTries.objects.count() == 2


@pytest.mark.django_db
def test_no_row_shows_what_was_typed() -> None:
    tries(1, name="correct-horse-battery")

    assert "horse" not in str(list(SignInTries.objects.values()))


@pytest.mark.django_db(transaction=True)
def test_guesses_that_come_at_once_are_no_more_than_one_after_another() -> None:
    """Each is counted before its password is looked at."""
    crowd = OF_NAME.free * 3
    together, admitted = Barrier(crowd), []

    def guess() -> None:
        together.wait(30)
        admitted.append(not admit(name="rita", address=HOME, now=NOW).wait)
        connections.close_all()

    threads = [Thread(target=guess) for _ in range(crowd)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert len(admitted) == crowd
    assert 0 < sum(admitted) <= OF_NAME.free
