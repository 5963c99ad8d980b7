"""The table of the acts that have a page: slug -> how it looks. Each slug is an address under the case."""

from priorauth.admin import act_forms as forms
from priorauth.admin import claim_acts, clock_acts
from priorauth.admin import decision_forms as decisions
from priorauth.admin.act_page import Page
from priorauth.admin.ask_form import AskForm
from priorauth.admin.not_approve_form import NotApproveForm
from priorauth.admin.read_form import ReadForm
from priorauth.services import decide, escalate, information, read, reopen, write
from priorauth.statuses import Act

PAGES = {
    **claim_acts.CLAIM,
    "approve": Page(
        Act.APPROVE,
        "Approve",
        "Show the letter again",
        decisions.ApproveForm,
        decide.approve,
        "Approved.",
        "Every line of the request is approved, and the letter below is sent. Nothing is recorded until you confirm;"
        " what you confirm cannot be changed.",
        confirm=True,
        at_once=True,
    ),
    "ask": Page(
        Act.ASK,
        "Ask for information",
        "Go on: read the letter",
        AskForm,
        information.ask,
        "The office was asked.",
        "When the office's time to answer is over, the case comes back. Your claim ends. The next page shows the"
        " letter.",
        confirm=True,
    ),
    "read": Page(
        Act.READ,
        "I read it",
        "Save what I read",
        ReadForm,
        read.read,
        "What you read is saved.",
        "What the office sent stays as it was sent. Where a value that you read counts, the request is scored with it"
        " at once, and who reads a letter of this case finds both.",
        template="read",
    ),
    "message": Page(
        Act.WRITE,
        "Write to the office",
        "Send the message",
        forms.MessageForm,
        write.write,
        "The office was written to.",
        "The clock stays as it is, and so does the case. To get facts, ask for information instead.",
    ),
    "escalate": Page(
        Act.ESCALATE,
        "Escalate to a physician",
        "Escalate",
        forms.EscalateForm,
        escalate.escalate,
        "The case waits for a physician.",
        "Your claim ends, and the case waits in the physicians' queue.",
    ),
    "not-approve": Page(
        Act.NOT_APPROVE,
        "Not approve",
        "Go on: read it once more",
        NotApproveForm,
        decide.not_approve,
        "The decision is recorded.",
        "You decide as a physician, under your licence. The next page shows all of it once more, with the letter.",
        confirm=True,
        grave=True,
    ),
    "close": Page(
        Act.CLOSE,
        "Close without a determination",
        "Go on: read it once more",
        decisions.CloseForm,
        decide.close,
        "The case is closed.",
        "Only for a request that needs no authorization or that the policy does not cover. No letter is sent:"
        " the office reads your reason.",
        confirm=True,
        grave=True,
    ),
    "reopen": Page(
        Act.REOPEN,
        "Open the case again",
        "Open it again",
        decisions.ReopenForm,
        reopen.reopen,
        "The case is open again.",
        "The former letter stays, and the office is told. The time to decide runs anew from now. Whoever decided before"
        " does not decide again.",
    ),
    **claim_acts.PASS_ON,
    **clock_acts.PAGES,
}
