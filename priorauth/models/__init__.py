from priorauth.models.access import ApiKey, IdempotencyKey, Invitation, SignInBrake
from priorauth.models.case import Case
from priorauth.models.content import Attachment, Draft, InformationRequest, Revision
from priorauth.models.ledger import AuditCheck, AuditEvent, Checkpoint, Heartbeat, Job
from priorauth.models.letter import Letter, LetterText
from priorauth.models.member import Clinician, Facility, Member
from priorauth.models.organization import Credential, Membership, Organization
from priorauth.models.review import Assessment, Decision, DecisionLine, Escalation, ReasonCode
from priorauth.models.user import User

__all__ = [
    "ApiKey",
    "Assessment",
    "Attachment",
    "AuditCheck",
    "AuditEvent",
    "Case",
    "Checkpoint",
    "Clinician",
    "Credential",
    "Decision",
    "DecisionLine",
    "Draft",
    "Escalation",
    "Facility",
    "Heartbeat",
    "IdempotencyKey",
    "InformationRequest",
    "Invitation",
    "Job",
    "Letter",
    "LetterText",
    "Member",
    "Membership",
    "Organization",
    "ReasonCode",
    "Revision",
    "SignInBrake",
    "User",
]
