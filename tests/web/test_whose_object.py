"""What one may do with one's own, and with what is somebody else's: a table of both.

Clouds are no borders: who has a role has it in every cloud that is configured.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import count

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from knox.models import AuthToken

from migrations_app.models import Delegation, Notice, TokenScope
from tests import factories
from tests.audit import rows
from tests.web import roles_asked
from tests.web.addresses import routes
from tests.web.role_table_methods import ROLES, STRANGERS

_number = count(1)


def token(owner: User) -> int:
    made = AuthToken.objects.create(owner)[0]
    return int(TokenScope.objects.create(token=made, scope="ask").pk)


def notice(owner: User) -> int:
    row = Notice.objects.create(
        person=owner,
        entry=next(_number),
        event="request",
        verb="request.asked",
        text="A move was requested.",
        path="/requests/",
        at=timezone.now(),
    )
    return int(row.pk)


def private_search(owner: User) -> int:
    name = f"Mine {next(_number)}"
    return int(rows.saved_search(name, owner=owner, shared=False).pk)


def shared_search(owner: User) -> int:
    return int(rows.saved_search(f"Ours {next(_number)}", owner=owner).pk)


def delegation(owner: User) -> int:
    now, taker = timezone.now(), factories.person(f"taker {next(_number)}", "auditor")
    row = Delegation.objects.create(
        giver=owner,
        giver_name=owner.get_username(),
        taker=taker,
        taker_name=taker.get_username(),
        reason="I am away.",
        starts_at=now,
        ends_at=now + timedelta(days=1),
        made_at=now,
    )
    return int(row.pk)


def request(owner: User) -> int:
    return int(factories.request(asked_by=owner).pk)


def drain(owner: User) -> int:
    name = owner.get_username()
    return int(factories.drain(asked_by=owner, asked_by_name=name).pk)


NOTE = {"note": "There is a reason."}
Make = Callable[[User], int]
Statuses = tuple[int, ...]
# Of requester, approver, operator and auditor: the others get the same everywhere.
NOT_MINE = (404,) * 4
NEVER = (403,) * 4
READERS = (403, 404, 404, 404)
SHARED = (403, 302, 302, 302)
SHARED_IN_API = (403, 200, 200, 200)
REMOVED = (403, 204, 204, 204)
ASKER = (302, 403, 302, 403)
ASKER_IN_API = (200, 403, 200, 403)
OPERATOR = (403, 403, 302, 403)
OPERATOR_IN_API = (403, 403, 200, 403)
APPROVER = (403, 302, 403, 403)
APPROVER_IN_API = (403, 200, 403, 403)

# What is sent about an object, and what each role gets of its own, and of another's.
WHOSE: dict[tuple[str, str, Make], tuple[Mapping[str, str], Statuses, Statuses]] = {
    ("POST", "tokens/{}/revoke/", token): ({}, (302,) * 4, NOT_MINE),
    ("DELETE", "api/tokens/{}/", token): ({}, (204,) * 4, NOT_MINE),
    ("POST", "notices/{}/read/", notice): ({}, (302,) * 4, NOT_MINE),
    ("POST", "api/notices/{}/read/", notice): ({}, (200,) * 4, NOT_MINE),
    ("GET", "audit/searches/{}/", private_search): ({}, SHARED, READERS),
    ("GET", "api/audit/searches/{}/", private_search): ({}, SHARED_IN_API, READERS),
    ("GET", "audit/searches/{}/", shared_search): ({}, SHARED, SHARED),
    ("GET", "api/audit/searches/{}/", shared_search): (
        *({}, SHARED_IN_API, SHARED_IN_API),
    ),
    ("POST", "audit/searches/{}/remove/", shared_search): ({}, SHARED, NEVER),
    ("DELETE", "api/audit/searches/{}/", shared_search): ({}, REMOVED, NEVER),
    ("POST", "audit/searches/{}/remove/", private_search): ({}, SHARED, READERS),
    ("DELETE", "api/audit/searches/{}/", private_search): ({}, REMOVED, READERS),
    ("POST", "delegations/{}/revoke/", delegation): ({}, (302,) * 4, NEVER),
    ("POST", "api/delegations/{}/revoke/", delegation): ({}, (200,) * 4, NEVER),
    ("GET", "requests/{}/amend/", request): (
        *({}, (200, 403, 200, 403), OPERATOR_IN_API),
    ),
    ("POST", "requests/{}/withdraw/", request): (NOTE, ASKER, OPERATOR),
    ("POST", "api/requests/{}/withdraw/", request): (
        *(NOTE, ASKER_IN_API, OPERATOR_IN_API),
    ),
    # nobody decides about their own
    ("POST", "requests/{}/reject/", request): (NOTE, NEVER, APPROVER),
    ("POST", "api/requests/{}/reject/", request): (NOTE, NEVER, APPROVER_IN_API),
    ("POST", "drains/{}/withdraw/", drain): (NOTE, ASKER, OPERATOR),
    ("POST", "api/drains/{}/withdraw/", drain): (
        *(NOTE, ASKER_IN_API, OPERATOR_IN_API),
    ),
    ("POST", "drains/{}/reject/", drain): (NOTE, NEVER, APPROVER),
    ("POST", "api/drains/{}/reject/", drain): (NOTE, NEVER, APPROVER_IN_API),
}


@pytest.mark.django_db
def test_each_role_may_with_its_own_and_anothers_what_the_table_says() -> None:
    site = roles_asked.site()
    somebody = factories.person("somebody", "requester", "approver")
    wrong = []
    for (method, route, make), (sent, own, others) in WHOSE.items():
        api = route.startswith("api/")
        body = json.dumps(sent).encode() if api and sent else b"" if api else sent
        for role in ROLES:
            if role in roles_asked.NAMES:
                place = roles_asked.NAMES.index(role)
                mine, anothers = own[place], others[place]
            elif role == "staff" and make is delegation:
                mine = anothers = 200 if api else 302  # who administers accounts
            else:
                closed = 401 if api else 302
                mine = anothers = closed if role in STRANGERS else 403
            person = site.people.get(role, somebody)
            got = (
                site.status(method, route.format(make(person)), role, body),
                site.status(method, route.format(make(somebody)), role, body),
            )
            if got != (mine, anothers):
                wrong.append(f"{method} {route} as {role}: {got}, {(mine, anothers)}")
    assert wrong == []


def test_the_table_has_every_address_about_what_belongs_to_somebody() -> None:
    """Those with a number of a token, notification, search, delegation or wish."""
    of_people = re.compile(
        r"^(api/)?(tokens|notices|audit/searches|delegations)/<"
        r"|^(api/)?(requests|drains)/<[^>]+>/(withdraw|reject)/"
    )
    about = {
        re.sub(r"<[^>]+>", "{}", route) for route in routes() if of_people.match(route)
    }
    assert about - {route for _, route, _ in WHOSE} == {"drains/{}/{}/"} & about
