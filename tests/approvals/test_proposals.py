"""What lowers a policy counts when a second person has confirmed it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from migrations_app.audit.account_changes import (
    AccountSnapshot,
    record_changes,
    set_own_password,
)
from migrations_app.errors import NotAllowed, TooLate
from migrations_app.models import ApprovalPolicy, PolicyProposal
from migrations_app.requests.approvals import policies as approval_policies
from migrations_app.requests.approvals import proposals as policy_proposals
from tests import factories
from tests.cast import Cast, last_entry
from tests.confirmed import confirm
from tests.counted_approvals import approvals_needed
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(db: None) -> User:
    return factories.person("ada", staff=True)


@pytest.fixture
def bea(db: None) -> User:
    return factories.person("bea", staff=True)


def change(
    row: ApprovalPolicy, by: User, approvers: int
) -> ApprovalPolicy | PolicyProposal:
    stages = [{"groups": ["approver"], "approvers": approvers}]
    said: dict[str, Any] = {"name": row.name, "weight": row.weight, "active": True}
    row.refresh_from_db()
    return approval_policies.change(
        row.pk, by=by, version=row.version, rule={"stages": stages}, note="So.", **said
    )


@pytest.fixture
def two(db: None) -> ApprovalPolicy:
    return factories.policy("Two", stages=[(2, "approver")])


def test_what_raises_counts_at_once(two: ApprovalPolicy, ada: User) -> None:
    assert isinstance(change(two, ada, 3), ApprovalPolicy)
    assert not PolicyProposal.objects.exists()


def test_what_lowers_waits_for_another_person(
    stage: Stage, cast: Cast, two: ApprovalPolicy, ada: User, bea: User
) -> None:
    row = change(two, ada, 1)
    assert isinstance(row, PolicyProposal)
    assert approvals_needed(cast.ask(stage)) == 2
    assert list(policy_proposals.waiting()) == [row]
    with pytest.raises(NotAllowed, match="You proposed this change: another person"):
        policy_proposals.confirm(row.pk, by=ada, note="Yes.")
    with pytest.raises(NotAllowed, match="staff account"):
        policy_proposals.confirm(row.pk, by=cast.operator, note="Yes.")
    policy = policy_proposals.confirm(row.pk, by=bea, note="Seen.")
    assert (policy.version, policy.rule["stages"][0]["approvers"]) == (2, 1)
    entry = last_entry("policy.changed")
    assert entry.actor_name == "bea"
    assert entry.after["proposed_by"] == [ada.pk, "ada"]
    version = policy.versions.get(number=2)
    assert (version.by_name, "Confirmed by bea." in version.note) == ("ada", True)
    assert last_entry("policy.proposed").actor_name == "ada"
    assert not policy_proposals.waiting().exists()
    with pytest.raises(TooLate):
        policy_proposals.confirm(row.pk, by=bea, note="Again.")


def test_who_proposed_it_has_a_hand_in_what_waits(
    stage: Stage, cast: Cast, two: ApprovalPolicy, ada: User, bea: User
) -> None:
    request = cast.ask(stage)
    row = change(two, ada, 1)
    policy_proposals.confirm(row.pk, by=bea, note="Seen.")
    for who in (ada, bea):
        User.objects.filter(pk=who.pk).update(is_superuser=False)
        who.groups.add(*cast.approver.groups.all())
        now = User.objects.get(pk=who.pk)
        with pytest.raises(NotAllowed, match="You changed the policy"):
            cast.approve(request, by=now)


def test_a_proposal_for_a_policy_that_was_changed_meanwhile_is_over(
    two: ApprovalPolicy, ada: User, bea: User
) -> None:
    row = change(two, ada, 1)
    change(two, ada, 3)
    assert not policy_proposals.waiting().exists()
    with pytest.raises(TooLate, match="changed by somebody else"):
        policy_proposals.confirm(row.pk, by=bea, note="Seen.")
    assert PolicyProposal.objects.get().decided_at is None


def test_a_proposal_is_discarded(two: ApprovalPolicy, ada: User) -> None:
    row = change(two, ada, 1)
    policy_proposals.discard(row.pk, by=ada, note="No.")
    assert not policy_proposals.waiting().exists()
    two.refresh_from_db()
    assert two.version == 1
    assert last_entry("policy.discarded").note == "No."


@pytest.mark.parametrize("known", [True, False])
def test_who_became_able_to_by_the_proposer_is_no_second_person(
    two: ApprovalPolicy, ada: User, bea: User, known: bool
) -> None:
    row = change(two, ada, 1)
    made = factories.person("cleo", staff=True)
    by = ada if known else None
    record_changes(AccountSnapshot(), AccountSnapshot.take(made), by=by)
    set_own_password(made, "a phrase of its own", here="")
    if known:
        confirm(made, by=bea)
    with pytest.raises(NotAllowed, match="changed your account or your rights since"):
        policy_proposals.confirm(row.pk, by=made, note="Seen.")
    before = AccountSnapshot.take(bea)
    bea.email = "bea@example.org"
    bea.save()
    record_changes(before, AccountSnapshot.take(bea), by=ada)
    policy_proposals.confirm(row.pk, by=bea, note="Seen.")


def test_who_is_given_the_permission_by_another_is_a_second_person(
    two: ApprovalPolicy, ada: User, bea: User
) -> None:
    row = change(two, ada, 1)
    made = factories.person("cleo", staff=True)
    record_changes(AccountSnapshot(), AccountSnapshot.take(made), by=bea)
    set_own_password(made, "a phrase of its own", here="")
    confirm(made, by=factories.person("dora", staff=True))
    policy_proposals.confirm(row.pk, by=made, note="Seen.")


@pytest.mark.parametrize("gone", [{"is_active": False}, {"is_superuser": False}])
def test_what_somebody_proposed_who_may_not_any_more_is_not_confirmed(
    two: ApprovalPolicy, ada: User, bea: User, gone: dict[str, bool]
) -> None:
    row = change(two, ada, 1)
    User.objects.filter(pk=ada.pk).update(**gone)
    with pytest.raises(TooLate, match="ada, who proposed this change, may not"):
        policy_proposals.confirm(row.pk, by=bea, note="Seen.")
    policy_proposals.discard(row.pk, by=bea, note="She has left.")
