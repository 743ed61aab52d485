"""One person who makes accounts, and signs in as each, is one person alone."""

from __future__ import annotations

from io import StringIO

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client

from migrations_app.access.permissions import Verb, person, why_not
from migrations_app.audit import account_confirmations
from migrations_app.audit.account_changes import (
    AccountSnapshot,
    record_changes,
    set_own_password,
)
from migrations_app.errors import NotAllowed, TooLate
from migrations_app.models import AccountToConfirm, MigrationRequest, PolicyProposal
from migrations_app.models.states import RequestState
from migrations_app.requests import start as request_start
from migrations_app.requests.approvals import policies as approval_policies
from migrations_app.requests.approvals import proposals as policy_proposals
from tests import factories
from tests.approvals.test_delegations import hand_on
from tests.approvals.test_hands import refused
from tests.cast import Cast, last_entry
from tests.confirmed import confirm
from tests.stage import Stage

pytestmark = pytest.mark.django_db
OWN = "a phrase that the owner chose"


def made(name: str, *roles: str, by: User | None, staff: bool = False) -> User:
    """Return an account that was made on the pages; its password is its own now."""
    user = factories.person(name, *roles, staff=staff)
    record_changes(AccountSnapshot(), AccountSnapshot.take(user), by=by)
    set_own_password(user, OWN, here="")
    return User.objects.get(pk=user.pk)


def reset(user: User, *, by: User) -> None:
    """Set somebody's password, and then be them: change it to one's own."""
    before = AccountSnapshot.take(user)
    user.set_password("a phrase of the one who resets it")
    user.save()
    record_changes(before, AccountSnapshot.take(user), by=by)
    set_own_password(user, OWN, here="")


@pytest.fixture
def root() -> User:
    return factories.person("root", staff=True)


@pytest.fixture
def second_root() -> User:
    return factories.person("ruth", staff=True)


def test_a_superuser_who_makes_two_accounts_is_not_both(
    stage: Stage, cast: Cast, root: User
) -> None:
    request = cast.ask(stage, by=made("ann", "requester", by=root))
    sentence = refused(cast, request, made("bob", "approver", by=root))
    assert "root set the password" in sentence
    assert "ask another superuser" in sentence


def test_an_approver_does_not_approve_what_an_account_of_their_making_requested(
    stage: Stage, cast: Cast, root: User
) -> None:
    # the approver may be root by another name: nobody knows that of accounts
    request = cast.ask(stage, by=made("ann", "requester", by=root))
    sentence = refused(cast, request, cast.approver)
    assert "ann requested it, and root set the password of ann" in sentence


def test_nor_is_it_edited_by_such_an_account_and_approved(
    stage: Stage, cast: Cast, root: User
) -> None:
    request = cast.ask(stage)
    MigrationRequest.objects.filter(pk=request.pk).update(
        changed_by=made("olga", "operator", by=root), changed_by_name="olga"
    )
    assert "olga edited it, and root set" in refused(cast, request, cast.approver)


def test_an_approver_whose_password_was_reset_before_decides_nothing(
    stage: Stage, cast: Cast, root: User
) -> None:
    reset(cast.approver, by=root)
    assert "root set the password" in refused(cast, cast.ask(stage), cast.approver)


def test_what_was_approved_counts_no_more_once_nobody_knows_whose_account_it_is(
    stage: Stage, cast: Cast, root: User
) -> None:
    request = cast.approved(stage)
    reset(cast.approver, by=root)
    assert request_start.start_due(stage.time) == 0
    request.refresh_from_db()
    assert request.state == RequestState.REQUESTED


def test_once_a_second_superuser_has_confirmed_both_they_are_two(
    stage: Stage, cast: Cast, root: User, second_root: User
) -> None:
    ann, bob = made("ann", "requester", by=root), made("bob", "approver", by=root)
    confirm(ann, by=second_root)
    confirm(bob, by=second_root)
    request = cast.ask(stage, by=ann)
    assert cast.approve(request, by=bob).state == RequestState.APPROVED


def test_who_confirmed_an_approver_after_the_request_counts_with_them(
    stage: Stage, cast: Cast, root: User, second_root: User
) -> None:
    bob = made("bob", "approver", by=root)
    second_root.groups.add(Group.objects.get(name="requester"))
    request = cast.ask(stage, by=second_root)
    confirm(bob, by=second_root)
    assert "ruth requested this move" in refused(cast, request, bob)


def test_neither_the_maker_nor_the_account_itself_confirms_it(
    root: User, second_root: User
) -> None:
    bob = made("bob", "approver", by=root)
    with pytest.raises(NotAllowed, match="You set the password of bob"):
        confirm(bob, by=root)
    with pytest.raises(NotAllowed, match="Only a superuser"):
        confirm(bob, by=factories.person("sue", "approver"))
    ray = made("ray", by=root, staff=True)
    with pytest.raises(NotAllowed, match="Your own account has to be confirmed"):
        confirm(ray, by=ray)
    confirm(bob, by=second_root)
    assert not AccountToConfirm.objects.filter(person=bob).exists()


def test_a_superuser_of_ones_own_making_confirms_nothing(root: User) -> None:
    bob = made("bob", "approver", by=root)
    with pytest.raises(NotAllowed, match="Your own account has to be confirmed"):
        confirm(bob, by=made("ray", by=root, staff=True))


def test_a_superuser_of_ones_own_making_makes_no_accounts(
    client: Client, root: User
) -> None:
    client.force_login(made("ray", by=root, staff=True))
    assert client.get("/admin/auth/user/add/").status_code == 403
    assert client.get("/admin/auth/group/add/").status_code == 403
    bob = factories.person("bob", "approver")
    answer = client.get(f"/admin/auth/user/{bob.pk}/password/")
    assert answer.status_code == 403


def test_who_asks_a_colleague_to_set_it_again_is_still_no_second_person(
    root: User, second_root: User
) -> None:
    bob = made("bob", "approver", by=root)
    reset(bob, by=second_root)
    for each in (root, second_root):
        with pytest.raises(NotAllowed, match="You set the password of bob"):
            confirm(bob, by=each)


def test_it_is_confirmed_once_the_owner_has_a_password_that_the_maker_knows_not(
    root: User, second_root: User
) -> None:
    bob = factories.person("bob", "approver")
    record_changes(AccountSnapshot(), AccountSnapshot.take(bob), by=root)
    with pytest.raises(TooLate, match="not chosen an own password yet"):
        confirm(bob, by=second_root)


def test_a_password_that_was_set_again_meanwhile_is_not_confirmed(
    root: User, second_root: User
) -> None:
    bob = made("bob", "approver", by=root)
    seen = list(AccountToConfirm.objects.values_list("pk", flat=True))
    reset(bob, by=root)
    with pytest.raises(TooLate, match="changed or confirmed meanwhile"):
        account_confirmations.confirm(bob, seen=seen, by=second_root)
    confirm(bob, by=second_root)
    with pytest.raises(TooLate, match="changed or confirmed meanwhile"):
        account_confirmations.confirm(bob, seen=seen, by=second_root)


@pytest.mark.parametrize(
    "verb",
    [
        *(Verb.APPROVE, Verb.REJECT, Verb.REVIEW, Verb.DELEGATE),
        *(Verb.EMERGENCY_START, Verb.CALENDAR),
    ],
)
def test_such_an_account_does_nothing_that_takes_a_person_of_its_own(
    root: User, second_root: User, verb: Verb
) -> None:
    bob = made("bob", "approver", "operator", by=root)
    refusal = why_not(person(bob), verb)
    assert refusal is not None and "root set the password" in refusal.sentence
    confirm(bob, by=second_root)
    assert why_not(person(User.objects.get(pk=bob.pk)), verb) is None


def test_a_right_that_was_delegated_to_or_by_such_an_account_is_not_used(
    stage: Stage, cast: Cast, root: User, second_root: User
) -> None:
    hand_on(stage, cast.approver, cast.auditor)
    request = cast.ask(stage)
    reset(cast.auditor, by=root)
    assert "root set the password" in refused(cast, request, cast.auditor)
    confirm(cast.auditor, by=second_root)
    reset(cast.approver, by=root)
    assert "role approver" in refused(cast, request, cast.auditor)


def test_no_policy_is_lowered_by_a_superuser_and_one_of_their_making(
    root: User,
) -> None:
    ray = made("ray", by=root, staff=True)
    two = factories.policy("Two", stages=[(2, "approver")])
    proposal = approval_policies.change(
        two.pk,
        by=root,
        version=two.version,
        name=two.name,
        weight=two.weight,
        active=True,
        rule={"stages": [{"groups": ["approver"], "approvers": 1}]},
        note="Too slow.",
    )
    assert isinstance(proposal, PolicyProposal)
    with pytest.raises(NotAllowed, match="root set the password of your account"):
        policy_proposals.confirm(proposal.pk, by=ray, note="Fine.")


def test_a_stage_that_only_such_accounts_could_approve_is_told(root: User) -> None:
    standard = approval_policies.all_policies().get(name="Standard")
    rule = approval_policies.read_rule(standard.rule, name="x", weight=1)
    bob = made("bob", "approver", by=root)
    assert approval_policies.too_few(rule)
    AccountToConfirm.objects.filter(person=bob).delete()
    assert not approval_policies.too_few(rule)


def test_staff_who_may_set_passwords_are_nobody_else_either(
    client: Client, stage: Stage, cast: Cast
) -> None:
    sten = factories.person("sten")
    sten.is_staff = True
    sten.save()
    sten.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    client.force_login(sten)
    url = f"/admin/auth/user/{cast.approver.pk}/password/"
    new = {"password1": OWN, "password2": OWN, "usable_password": "true"}
    answer = client.post(url, new)
    assert answer.status_code == 302
    row = AccountToConfirm.objects.get()
    assert (row.person, row.by) == (cast.approver, sten)


def test_who_has_a_shell_on_the_server_confirms_and_the_trail_says_who(
    stage: Stage, cast: Cast, root: User
) -> None:
    bob = made("bob", "approver", by=root)
    call_command("account", "bob", "--confirm", stdout=StringIO())
    request = cast.ask(stage)
    assert cast.approve(request, by=bob).state == RequestState.APPROVED
    entry = last_entry("account.confirmed")
    assert entry.actor_name.startswith("manage.py account by ")
    assert entry.after["password set by"] == ["root"]
    assert list(bob.groups.values_list("name", flat=True)) == ["approver"]


def test_accounts_of_the_server_need_nobody_else(stage: Stage, cast: Cast) -> None:
    call_command("account", "bob", "--role", "approver", stdout=StringIO())
    bob = User.objects.get(username="bob")
    set_own_password(bob, OWN, here="")
    assert cast.approve(cast.ask(stage), by=bob).state == RequestState.APPROVED
