"""What a post of the request form brings: the typed fields, the files, and which button was pressed."""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from policies import registry
from policies.edition import Edition
from portal.web import coding, dates, diagnosing, directory, levels, member, rows
from portal.web.request_form import RequestForm
from portal.web.rows import Raw
from priorauth.models import Attachment, Case, InformationRequest
from priorauth.roles import Actor
from priorauth.selectors import held_in
from priorauth.services.attach import attach, detach
from priorauth.services.errors import Refused
from priorauth.services.score import POLICY

_FILE_INPUT = re.compile(r"other_file|imaging-[0-9]{1,2}-file")
OTHER_FILES = (
    "A file was added or removed meanwhile, by a colleague or in another window. The files that would be sent now stand"
    " below: look at them first."
)


def files_of(case: Case, question: InformationRequest | None = None) -> dict[str, Attachment]:
    """The case's files by their uuid: those that were sent, and those of the answer to `question`, or else of the draft
    or the correction."""
    rows = case.attachments.filter(Q(revision__isnull=False) | held_in(question)).select_related("page_check")
    return {str(attachment.pk): attachment for attachment in rows}


def governing(raw: Raw) -> Edition:
    """The edition in force on the planned date, or the newest."""
    typed = (raw.get("service_date") or [""])[-1]
    try:
        day: dt.date | None = dates.read(typed, short=dates.THIS_CENTURY).first
    except dates.DateProblem:
        day = None
    return registry.governing(POLICY, day)


def form_of(
    raw: Raw,
    case: Case | None,
    today: dt.date,
    *,
    actor: Actor | None = None,
    question: InformationRequest | None = None,
    **options: Any,
) -> RequestForm:
    """The form as typed, with the files as of files_of; for an `actor` with the clinicians and facilities of their
    office."""
    if case and case.received_at:
        options["sent_on"] = timezone.localdate(case.received_at)
    if actor:
        options["directory"] = directory.of_office(actor)
        raw = options["directory"].settle(raw)
    return RequestForm(raw, today, governing(raw), files_of(case, question) if case else {}, **options)


@dataclass
class Intake:
    """One post. `take_files` and `press` do what it brings and asks; what is then in `raw` is to be kept.

    `question` is the one whose answer it is of. `unwanted` are files that the form no longer links: replaced ones, and
    those of rows that were removed.
    """

    request: HttpRequest
    at: dt.datetime
    question: InformationRequest | None = None
    raw: Raw = field(default_factory=dict)
    file_problems: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    level_problem: str = ""
    anchor: str = ""
    unwanted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.raw = rows.from_post(self.request.POST)
        self.unwanted = self.request.POST.getlist("replaced")

    @property
    def sought(self) -> str:
        """What was typed to look for a diagnosis code; it is no answer, and not kept."""
        return self.request.POST.get("find_code", "").replace("\x00", "")

    def knows_files(self, case: Case) -> bool:
        """Whether the page showed the files that are held now (before `take_files`): none is sent unseen."""
        held = {key for key, file in files_of(case, self.question).items() if file.revision_id is None}
        return held == set(self.request.POST.getlist("files.shown"))

    def take_files(self, case: Case) -> None:
        """Store each file with the case at once. What is refused becomes a message; everything else stays."""
        for name, upload in self.request.FILES.items():
            if not _FILE_INPUT.fullmatch(name):
                continue
            try:
                attachment = attach(case, upload, by=self.request.actor, at=self.at, question=self.question)
            except Refused as refusal:
                self.file_problems[name] = str(refusal)
                continue
            if name != "other_file":
                link = name.removesuffix("file") + "attachment"
                self.unwanted.append(self._linked(link))
                self.raw[link] = [str(attachment.pk)]
        self.file_problems |= getattr(self.request, "refused_files", {})

    def press(self) -> None:
        """Do what the add and remove buttons ask. With a refused file nothing moves, so that its message fits."""
        post = self.request.POST
        if self.file_problems:
            return
        if post.get("add") in rows.GROUPS:
            self._add(post["add"])
        elif row := rows.parse_button(self.raw, post.get("remove", "")):
            self._remove(*row)
        elif row := rows.parse_button(self.raw, post.get("copy", ""), ["levels"]):
            self.raw = rows.same_for_all_levels(self.raw, row[1])
            self.anchor = "levels"
        elif file_id := post.get("remove_file"):
            self._unlink(file_id)
        elif "suggest" in post:
            self.tick()
            self._suggest()
        elif "set_levels" in post:
            self.anchor = "planned"
        elif code := post.get("diagnosis"):
            self.raw = diagnosing.added(self.raw, code)
            self.anchor = "id_diagnosis_codes"
        elif "look_up" in post or "member" in post:
            self.anchor = "member"

    def tick(self) -> None:
        """Add and take out levels as their box and the spine ask; lines that nobody wrote follow the levels."""
        shown = levels.shown(self.raw)
        self.raw, problem = levels.settle(self.raw)
        self.level_problem = problem or self.level_problem
        if shown not in (None, levels.names(self.raw)):
            self.raw = coding.followed(form_of(self.raw, None, timezone.localdate(self.at)), shown)

    def settle(self, case: Case) -> None:
        """Do what box and ticks of the levels ask, and fill in what the office's lists and the member file know."""
        self.tick()
        actor, chosen = self.request.actor, self.request.POST.get("member", "")
        self.raw = directory.of_office(actor).settle(self.raw)
        self.raw = member.settle(self.raw, case, actor, self.at, chosen)

    def _suggest(self) -> None:
        try:
            self.raw = coding.suggested(form_of(self.raw, None, timezone.localdate(self.at)))
        except coding.NothingToSuggest as problem:
            self.level_problem = str(problem)
        else:
            self.anchor = "planned"

    def _add(self, group: str) -> None:
        try:
            self.raw, index = rows.add(self.raw, group)
        except rows.TooMany as problem:
            self.problem = str(problem)
        else:
            self.anchor = f"{group}-{index}"

    def _remove(self, group: str, index: int) -> None:
        self.unwanted.append(self._linked(f"{group}-{index}-attachment"))
        self.raw = rows.remove(self.raw, group, index)
        self.anchor = {"lines": "planned"}.get(group, group)

    def _unlink(self, file_id: str) -> None:
        self.raw = {name: values for name, values in self.raw.items() if values != [file_id]}
        self.anchor = "imaging"
        self.unwanted.append(file_id)

    def _linked(self, name: str) -> str:
        return (self.raw.get(name) or [""])[-1]

    def drop_unwanted(self, case: Case) -> None:
        """Take out replaced and removed files that were not sent yet; of a draft only once the form without them is
        saved, since until then it, or a colleague's newer one, still has them. A colleague who was faster is named."""
        for attachment in map(files_of(case, self.question).get, self.unwanted):
            if attachment is None or attachment.revision_id is not None:
                continue
            try:
                detach(case, attachment, by=self.request.actor, at=self.at)
            except Refused as refusal:
                self.problem = str(refusal)
