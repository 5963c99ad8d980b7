from priorauth.models.access import ApiKey, IdempotencyKey, Invitation, SignInBrake
from priorauth.models.case import Case
from priorauth.models.claim import ConflictOfInterest, Handover, SavedView
from priorauth.models.clock import ClockChange, DeadlineNotice, RegimeUse
from priorauth.models.content import Attachment, Draft, InformationRequest, Revision
from priorauth.models.correspondence import AnswerDraft, ItemAnswer, Message, Opening
from priorauth.models.directory import MemberFileLine, MemberLookup, OfficeClinician, OfficeFacility, PlanMember
from priorauth.models.edition import EditionUse, Replay, ReplayedCase
from priorauth.models.judgement import Judgement
from priorauth.models.kept import KeptPost
from priorauth.models.ledger import AuditCheck, AuditEvent, Checkpoint, Heartbeat, Job
from priorauth.models.letter import Letter, LetterText
from priorauth.models.member import Clinician, Facility, Member
from priorauth.models.organization import Credential, Membership, Organization
from priorauth.models.page_check import PageCheck
from priorauth.models.reading import Reading
from priorauth.models.review import Assessment, Decision, DecisionLine, Escalation, ReasonCode, Reopening
from priorauth.models.user import User

__all__ = [
    "AnswerDraft",
    "ApiKey",
    "Assessment",
    "Attachment",
    "AuditCheck",
    "AuditEvent",
    "Case",
    "Checkpoint",
    "Clinician",
    "ClockChange",
    "ConflictOfInterest",
    "Credential",
    "DeadlineNotice",
    "Decision",
    "DecisionLine",
    "Draft",
    "EditionUse",
    "Escalation",
    "Facility",
    "Handover",
    "Heartbeat",
    "IdempotencyKey",
    "InformationRequest",
    "Invitation",
    "ItemAnswer",
    "Job",
    "Judgement",
    "KeptPost",
    "Letter",
    "LetterText",
    "Member",
    "MemberFileLine",
    "MemberLookup",
    "Membership",
    "Message",
    "OfficeClinician",
    "OfficeFacility",
    "Opening",
    "Organization",
    "PageCheck",
    "PlanMember",
    "Reading",
    "ReasonCode",
    "RegimeUse",
    "Reopening",
    "Replay",
    "ReplayedCase",
    "Revision",
    "SavedView",
    "SignInBrake",
    "User",
]
