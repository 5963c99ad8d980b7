"""The synthetic demo (demo.yaml): offices, people, and requests at every stage, made through the services."""

import datetime as dt
import json
import re
import secrets
import uuid
from pathlib import Path
from typing import Any

import typst
import yaml
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from portal.demo_stories import tell
from portal.web.build import submission
from portal.web.intake import form_of
from portal.web.rows import Raw
from priorauth import jobs
from priorauth.models import Credential, Job, Membership, OfficeClinician, OfficeFacility, Organization, User
from priorauth.roles import SYSTEM, Actor, Role
from priorauth.services import attach, directory, drafts, member_file, replay, score, submit

SOURCE = Path(__file__).with_name("demo.yaml")
PAPERS = Path(__file__).with_name("demo-papers.typ")
MEMBERS = Path(__file__).with_name("demo-members.csv")
LISTS = {"clinician": OfficeClinician, "facility": OfficeFacility}
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
READING = {"modalities": "all_three"}  # tried in a replay, for something to read


def load(now: dt.datetime) -> list[tuple[User, Role, str]]:
    """Load the demo into an empty database, all or nothing. Returns each person with role and new password."""
    document = yaml.safe_load(SOURCE.read_text())
    with transaction.atomic():
        people = make_people(document, timezone.localdate(now))
        actors = {user.email: Actor.of(user) for user, _, _ in people}
        keep_lists(document["lists"], actors["administrator@harbor.example"], now)
        plan = {actor.role: actor for actor in actors.values() if not actor.is_office}
        for request in document["requests"]:
            make_request(request, actors[f"clerk@{request['office']}.example"], plan, now)
        replay.run(replay.installed()[-1].with_switches(**READING), at=now)
    return people


def make_people(document: dict[str, Any], today: dt.date) -> list[tuple[User, Role, str]]:
    plan = Organization(kind=Organization.Kind.PLAN, name=document["plan"])
    plan.save()
    offices = {
        key: Organization(kind=Organization.Kind.OFFICE, **values) for key, values in document["offices"].items()
    }
    for office in offices.values():
        office.save()
    people = []
    for row in document["people"]:
        password = new_password()
        user = User.objects.create_user(row["email"], password, first_name=row["first"], last_name=row["last"])
        organization = offices[row["at"]] if "at" in row else plan
        Membership.objects.create(user=user, organization=organization, role=row["role"])
        if row["role"] == Role.PHYSICIAN:
            expires = today + dt.timedelta(days=700)
            Credential.objects.create(user=user, expires_on=expires, **document["credential"])
        people.append((user, Role(row["role"]), password))
    return people


def keep_lists(lists: dict[str, list[dict[str, str]]], administrator: Actor, now: dt.datetime) -> None:
    """The plan's member file, and what one office keeps about itself."""
    with MEMBERS.open("rb") as file:
        member_file.read_in(file, by=SYSTEM, at=now)
    for kind, entries in lists.items():
        for values in entries:
            directory.add(LISTS[kind], values, by=administrator, at=now)


def renew_passwords() -> list[tuple[User, Role, str]]:
    """New passwords for the demo's people, whose old ones stop to work; nobody else is touched."""
    emails = [row["email"] for row in yaml.safe_load(SOURCE.read_text())["people"]]
    people = []
    for user in User.objects.filter(email__in=emails).select_related("membership").order_by("pk"):
        password = new_password()
        user.set_password(password)
        user.save(update_fields=["password"])
        people.append((user, Role(user.membership.role), password))
    return people


def new_password() -> str:
    """Four groups of four: 79 bits, easy to copy by hand."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


def make_request(request: dict[str, Any], clerk: Actor, plan: dict[Role, Actor], now: dt.datetime) -> None:
    """One request as its clerk typed it, sent and brought as far as its story goes."""
    at = now - dt.timedelta(hours=request["hours_ago"])
    raw = typed(request, timezone.localdate(at))
    case = drafts.start(by=clerk, at=at, token=uuid.uuid4(), fields=raw)
    if request["story"] == ["draft"]:
        return
    if "report" in request:
        raw["imaging-0-attachment"] = [str(attach.attach(case, paper(request["report"], raw), by=clerk, at=at).pk)]
    if "paper" in request:
        attach.attach(case, paper(request["paper"], raw), by=clerk, at=at)
    today = timezone.localdate(at)
    form = form_of(raw, case, today, whole=True)
    if form.problems:
        raise ValueError(f"the demo's request of {request['member'][3]} is not whole: {form.problems}")
    submit.send(case, submission(form, today), by=clerk, at=at)
    jobs.run_due(Job.Kind.SCORE, score.run, score.give_up, at)
    case.refresh_from_db()
    tell(case, request, plan, at)


def typed(request: dict[str, Any], today: dt.date) -> Raw:
    """The form's fields as texts, with the dates around `today` filled in."""
    names = ("member_id", "birth_date", "first_name", "last_name")
    fields = {**request["fields"], **dict(zip(names, request["member"], strict=True))}
    return {name: [_dated(value, today)] for name, value in fields.items() if value is not None}


def paper(name: str, raw: Raw) -> SimpleUploadedFile:
    """A synthetic report of two pages that says what the form says."""
    fields = json.dumps({field: texts[0] for field, texts in raw.items() if texts})
    content = typst.compile(PAPERS.read_bytes(), sys_inputs={"paper": name, "fields": fields})
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def _dated(text: str, today: dt.date) -> str:
    def day(match: re.Match[str]) -> str:
        days = int(match["ahead"] or f"-{match['ago']}")
        date = today + dt.timedelta(days=days)
        return f"{date.month}/{date.day}/{date.year}"

    return re.sub(r"\{(?:(?P<ago>\d+) days ago|in (?P<ahead>\d+) days)\}", day, text)
