"""Changes of policies that count, confirmed by a second person where they must be."""

from __future__ import annotations

from django.contrib.auth.models import User

from migrations_app.models import ApprovalPolicy, PolicyProposal
from migrations_app.requests.approvals import proposals as policy_proposals
from tests import factories


def confirmed(row: ApprovalPolicy | PolicyProposal) -> ApprovalPolicy:
    """Return the policy; if it is proposed alone, have somebody else confirm that."""
    if isinstance(row, ApprovalPolicy):
        return row
    second = User.objects.filter(username="second setter").first()
    second = second or factories.person("second setter", staff=True)
    return policy_proposals.confirm(row.pk, by=second, note="Seen.")
