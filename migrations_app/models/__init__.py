"""Database tables and constraints; actions are in each feature's actions.py."""

from __future__ import annotations

from migrations_app.models.account import (
    AccountToConfirm,
    Display,
    ExternalIdentity,
    PasswordToChange,
    RefusedSignIns,
    Session,
    SignInTries,
    UsedCode,
)
from migrations_app.models.approval import (
    ApprovalPolicy,
    BrokenGlass,
    Delegation,
    PolicyProposal,
    PolicyVersion,
)
from migrations_app.models.audit import (
    AuditEntry,
    AuditHead,
    AuditSignature,
    AuditWatch,
)
from migrations_app.models.cloud import Cloud
from migrations_app.models.copy_speed import CopySpeed
from migrations_app.models.drain import Drain
from migrations_app.models.failed_item import FailedItem, LaneOf, OneByOne
from migrations_app.models.inventory import (
    Hypervisor,
    Instance,
    NovaMigration,
    ServerGroup,
    Snapshot,
)
from migrations_app.models.kept_answer import KeptAnswer
from migrations_app.models.leak import Leak, LeakLook
from migrations_app.models.notification import (
    Attempt,
    Choice,
    Delivery,
    Lane,
    Notice,
    Told,
    Webhook,
)
from migrations_app.models.probe import Probe, Sample
from migrations_app.models.request import Decision, MigrationRequest
from migrations_app.models.run import Line, Pacer, Removal, Run, Step
from migrations_app.models.saved_search import SavedSearch
from migrations_app.models.token import TokenScope
from migrations_app.models.window import Window

__all__ = [
    "AccountToConfirm",
    "ApprovalPolicy",
    "Attempt",
    "AuditEntry",
    "AuditHead",
    "AuditSignature",
    "AuditWatch",
    "BrokenGlass",
    "Choice",
    "Cloud",
    "CopySpeed",
    "Decision",
    "Delegation",
    "Delivery",
    "Display",
    "Drain",
    "ExternalIdentity",
    "FailedItem",
    "Hypervisor",
    "Instance",
    "KeptAnswer",
    "Lane",
    "LaneOf",
    "Leak",
    "LeakLook",
    "Line",
    "MigrationRequest",
    "Notice",
    "NovaMigration",
    "OneByOne",
    "Pacer",
    "PasswordToChange",
    "PolicyProposal",
    "PolicyVersion",
    "Probe",
    "RefusedSignIns",
    "Removal",
    "Run",
    "Sample",
    "SavedSearch",
    "ServerGroup",
    "Session",
    "SignInTries",
    "Snapshot",
    "Step",
    "TokenScope",
    "Told",
    "UsedCode",
    "Webhook",
    "Window",
]
