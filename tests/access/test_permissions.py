"""Who may do what, each with the sentence that is shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth.models import AnonymousUser

from migrations_app.access.delegated_rights import DelegatedRight
from migrations_app.access.permissions import (
    Person,
    Refusal,
    Role,
    Verb,
    person,
    why_not,
)
from migrations_app.access.require import require
from migrations_app.access.roles import DECIDES, STAFF
from migrations_app.errors import NotAllowed, TooLate, VerbError
from tests import factories

MAY = {
    Role.REQUESTER: {
        *(Verb.SEE, Verb.ASK, Verb.WITHDRAW, Verb.AMEND, Verb.SEE_POLICIES),
        Verb.SEE_DELEGATIONS,
    },
    Role.APPROVER: {
        *(Verb.SEE, Verb.APPROVE, Verb.REJECT, Verb.SEE_AUDIT, Verb.SEE_POLICIES),
        *(Verb.REVIEW, Verb.DELEGATE, Verb.CALENDAR, Verb.SAVE_SEARCH),
        Verb.SEE_DELEGATIONS,
    },
    Role.AUDITOR: {
        *(Verb.SEE, Verb.SEE_AUDIT, Verb.SEE_POLICIES, Verb.SIGN, Verb.SAVE_SEARCH),
        Verb.SEE_DELEGATIONS,
    },
    Role.OPERATOR: set(Verb)
    - {Verb.APPROVE, Verb.REJECT, Verb.REVIEW, Verb.DELEGATE, *STAFF},
}


def somebody(*roles: str, number: int = 7) -> Person:
    return Person(id=number, name="somebody", roles=frozenset(roles))


def too_late(refusal: Refusal | None) -> bool:
    assert refusal is not None
    return refusal.late


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("verb", Verb)
def test_each_role_may_what_the_table_says(role: Role, verb: Verb) -> None:
    refusal = why_not(somebody(str(role)), verb)
    assert (refusal is None) == (verb in MAY[role])
    if refusal is not None:
        assert not refusal.late
        assert "Ask an administrator of novaweb" in refusal.sentence


@pytest.mark.parametrize("verb", Verb)
def test_nothing_is_decided_with_a_password_that_somebody_else_set(verb: Verb) -> None:
    roles = frozenset(str(role) for role in Role)
    superuser = verb is Verb.SET_UP
    who = Person(id=7, name="ann", roles=roles, sets_policy=True, superuser=superuser)
    assert why_not(who, verb) is None

    refusal = why_not(replace(who, password_set_by="root"), verb)

    assert (refusal is not None) == (verb in DECIDES)
    assert refusal is None or "root set your password" in refusal.sentence


def test_an_approval_right_can_be_delegated_to_anybody_with_a_role() -> None:
    delegated = (
        DelegatedRight(giver=1, giver_name="anna", groups=frozenset({"approver"})),
    )
    taker = replace(somebody("auditor"), delegated=delegated)
    for verb in (Verb.APPROVE, Verb.REJECT):
        assert why_not(taker, verb) is None
    for verb in (Verb.DELEGATE, Verb.REVIEW, Verb.ASK):
        assert why_not(taker, verb)
    assert why_not(replace(taker, roles=frozenset()), Verb.APPROVE)


@pytest.mark.parametrize("verb", Verb)
def test_without_a_role_nobody_may_anything(verb: Verb) -> None:
    assert why_not(somebody(), verb)
    assert why_not(Person(id=7, name="root", roles=frozenset(), staff=True), verb)


@pytest.mark.parametrize("verb", Verb)
def test_two_roles_may_what_either_may(verb: Verb) -> None:
    both = MAY[Role.REQUESTER] | MAY[Role.APPROVER]
    allowed = why_not(somebody("requester", "approver"), verb) is None
    assert allowed == (verb in both)


@pytest.mark.django_db
def test_roles_are_groups_of_those_names() -> None:
    user = factories.person("rita", "requester", "auditor", "people-who-like-tea")
    who = person(user)
    assert (who.id, who.name, who.roles) == (
        user.pk,
        "rita",
        frozenset({"requester", "auditor"}),
    )


@pytest.mark.django_db
def test_roles_are_read_once() -> None:
    user = factories.person("rita", "requester")
    assert person(user) is person(user)


@pytest.mark.django_db
def test_who_is_switched_off_or_unknown_has_no_role() -> None:
    user = factories.person("rita", "requester", staff=True)
    user.is_active = False
    assert person(user).roles == frozenset()
    assert person(AnonymousUser()) == Person(id=None, name="", roles=frozenset())


@pytest.mark.django_db
def test_what_is_too_late_is_told_from_what_is_not_allowed() -> None:
    request = factories.request(state="completed")
    run = factories.run(of=request, state="completed")
    approver, operator = somebody("approver"), somebody("operator")
    for verb in (Verb.APPROVE, Verb.REJECT):
        assert too_late(why_not(approver, verb, request=request))
    for verb in (
        Verb.STOP,
        Verb.ABORT,
        Verb.FORCE_COMPLETE,
        Verb.LOOK_AGAIN,
        Verb.GO_BACK,
        Verb.CLOSE,
    ):
        assert too_late(why_not(operator, verb, run=run))
        assert not too_late(why_not(approver, verb, run=run))


def test_a_superuser_has_no_right_to_delegate() -> None:
    approver = somebody("approver")
    assert why_not(approver, Verb.DELEGATE) is None
    refusal = why_not(replace(approver, superuser=True), Verb.DELEGATE)
    assert refusal == Refusal(
        "A superuser's approval does not count, so a superuser cannot delegate."
    )


@pytest.mark.parametrize(
    ("refusal", "error"),
    [(Refusal("No."), NotAllowed), (Refusal("No.", late=True), TooLate)],
)
def test_a_refusal_is_raised_as_what_it_is(
    refusal: Refusal, error: type[VerbError]
) -> None:
    raised = refusal.error()
    assert type(raised) is error
    assert raised.sentence == "No."


@pytest.mark.django_db
def test_what_is_required_is_not_allowed_or_too_late_or_nothing() -> None:
    request = factories.request(state="completed")
    operator = factories.person("olga", "operator")
    require(operator, Verb.WITHDRAW)
    with pytest.raises(TooLate, match="no longer be withdrawn"):
        require(operator, Verb.WITHDRAW, request=request)
    with pytest.raises(NotAllowed, match="need the role approver"):
        require(operator, Verb.APPROVE, request=request)
    with pytest.raises(NotAllowed, match="you need the role"):
        require(AnonymousUser(), Verb.SEE)
