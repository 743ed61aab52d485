"""How often a name and a password may be tried, at every door.

Each try is counted in the database before its password is looked at, and taken back
when it was right: tries that come at once, to any number of processes, are no more
than one after another. Counted are failures of a name from one address, and all
failures from an address. None is counted for a name alone: strangers must not be able
to keep an account out. Second factors, which no stranger is asked for, are counted for
the account.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from migrations_app.models import SignInTries

# After this long without a try, earlier failures do not count any more.
FORGET = timedelta(hours=1)
# Who loses the race for a row this often is refused for a second.
RACES = 10
MOMENT = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Limit:
    """``free`` failures cost nothing; each further one doubles the wait."""

    free: int
    first: timedelta
    longest: timedelta

    def wait_after(self, tries: int) -> timedelta:
        """Return how long the next try has to wait after this number of failures."""
        if tries < self.free:
            return timedelta()
        # (more doublings than any wait has room for would not fit a number)
        return min(self.first * 2.0 ** min(tries - self.free, 30), self.longest)


OF_NAME = Limit(5, timedelta(seconds=5), timedelta(minutes=15))
# More people may be behind one address, and mistype.
OF_ADDRESS = Limit(20, timedelta(seconds=1), timedelta(minutes=5))


@dataclass(frozen=True, slots=True)
class _Taken:
    """A try that was counted: its key, and the moments before and after it."""

    key: str
    before: datetime
    after: datetime


@dataclass(frozen=True, slots=True)
class Admission:
    """A try that was let through, or for how long it has to wait."""

    wait: timedelta = timedelta()
    _taken: tuple[_Taken, ...] = ()

    def succeeded(self) -> None:
        """Take the try back: the password was right.

        Earlier failures of that name from there are forgotten. Those of the address are
        not: else a right password between guesses would keep them free.
        """
        from_there, as_name = self._taken
        _take_back(from_there)
        SignInTries.objects.filter(key=as_name.key).delete()

    def was_no_guess(self) -> None:
        """Count the try no more for the name: nobody could tell whether it was right.

        Still for the address, from which the next ones would cost as much.
        """
        _, as_name = self._taken
        _take_back(as_name)


def admit(*, name: str, address: str, now: datetime) -> Admission:
    """Count a try to sign in as that name from that address, or refuse it uncounted."""
    network = _network(address)
    return _admit(network, _key("name", network, _spelled(name)), now)


def admit_second_factor(*, account: int, address: str, now: datetime) -> Admission:
    """Count a try to show a second factor of that account, or refuse it uncounted.

    Wherever it comes from: a stranger does not get so far, and a million codes can be
    tried from many addresses.
    """
    key = _key("second factor", str(account))
    return _admit(_network(address), key, now)


def _admit(network: str, key: str, now: datetime) -> Admission:
    from_there = _take(_key("address", network), OF_ADDRESS, now)
    if isinstance(from_there, timedelta):
        return Admission(wait=from_there)
    as_name = _take(key, OF_NAME, now)
    if isinstance(as_name, timedelta):
        _take_back(from_there)
        return Admission(wait=as_name)
    return Admission(_taken=(from_there, as_name))


def keyed_hash(text: str) -> str:
    """Return a hash that nobody can compare with guesses who has not the secret key."""
    return salted_hmac(__name__, text, algorithm="sha256").hexdigest()


def _key(*parts: str) -> str:
    return keyed_hash("\0".join(parts))


def _spelled(name: str) -> str:
    """Return one spelling for all that somebody may take for the same name."""
    signs = unicodedata.normalize("NFKD", name).casefold()
    return "".join(each for each in signs if not unicodedata.combining(each)).strip()


def _network(address: str) -> str:
    """Return the address; of IPv6 the /64, since all of that is one line's."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        # else all of IPv4, as some proxies write it, were one line
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return str(ip_network(f"{known}/64", strict=False))
    return address


def _take(key: str, limit: Limit, now: datetime) -> _Taken | timedelta:
    """Count one more try under the key; else return how long it has to wait."""
    rows = SignInTries.objects.filter(key=key)
    for _ in range(RACES):
        row = rows.first()
        if row is None:
            if (first := _begin(key, limit, now)) is not None:
                return first
            continue
        # also if the clock was set back: nobody waits longer than that
        forgotten = abs(now - row.last_at) > FORGET
        if not forgotten and row.next_at > now:
            return row.next_at - now
        tries = 1 if forgotten else row.tries + 1
        after = now + limit.wait_after(tries)
        changed = rows.filter(tries=row.tries, next_at=row.next_at).update(
            tries=tries, last_at=now, next_at=after
        )
        if changed == 1:
            return _Taken(key, before=min(row.next_at, now), after=after)
    return MOMENT


def _begin(key: str, limit: Limit, now: datetime) -> _Taken | None:
    """Count the first try under the key; None: another process just did."""
    SignInTries.objects.filter(last_at__lt=now - FORGET).delete()
    after = now + limit.wait_after(1)
    try:
        with transaction.atomic():
            SignInTries.objects.create(key=key, tries=1, last_at=now, next_at=after)
    except IntegrityError:
        return None
    return _Taken(key, before=now, after=after)


def _take_back(taken: _Taken) -> None:
    """Count the try no more; a wait that it began ends, unless another began one."""
    rows = SignInTries.objects.filter(key=taken.key)
    rows.filter(next_at=taken.after).update(next_at=taken.before)
    rows.filter(tries__gt=0).update(tries=F("tries") - 1)
