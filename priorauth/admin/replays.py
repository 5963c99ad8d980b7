"""Stored replays in the admin: the matrix of each, and the list behind every number of it. Read only."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from policies.changes import ABSENT
from policies.differences import reading
from policies.replay import UNREADABLE
from policies.vocabulary import day_words, words
from priorauth.admin.base import ReadOnlyAdmin
from priorauth.admin.editions import by_part
from priorauth.admin.site import site
from priorauth.admin.words import DETERMINATIONS, NOT_SCORED
from priorauth.models import Replay, ReplayedCase
from priorauth.roles import ADMIN_SITE_ROLES, CASE_READER_ROLES
from priorauth.services.base import moment

UNSCORED = "not_scored"  # stands in an address for a request without a stored determination
RESULTS = {UNSCORED: NOT_SCORED, **DETERMINATIONS, UNREADABLE: "Could not be read"}
STATES = {"unknown": "missing", ABSENT: "not asked", "clinical": "by the criteria", "table": "by the table"}
PER_PAGE = 50


class Number(NamedTuple):
    """A number of the matrix: what it counts, and the address of the list behind it ("" where nothing is)."""

    label: str
    count: int
    url: str


class Counted(Paginator):
    """A list whose length stands in the matrix."""

    def __init__(self, rows: QuerySet[ReplayedCase], length: int) -> None:
        self.count = length  # before anything asks for it: rows are not counted again
        super().__init__(rows, PER_PAGE)


@admin.register(Replay, site=site)
class ReplayAdmin(ReadOnlyAdmin):
    list_title = "Replays"
    readers = ADMIN_SITE_ROLES
    list_display = ("run", "tried", "read_as", "received", "scored", "moved")
    list_display_links = ("run",)
    ordering = ("-id",)

    def get_urls(self) -> list[URLPattern]:
        cases = self.admin_site.admin_view(self.cases)
        return [path("<int:replay>/cases/", cases, name="priorauth_replay_cases"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One replay: what was tried, the matrix, what differs from the edition that was the newest."""
        replay = self.get_object(request, object_id)
        if replay is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        context = {
            "replay": replay,
            "readings": [(reading(name), words(value)) for name, value in replay.switches.items()],
            "since": self.received(replay),
            "columns": [RESULTS[new] for new in _columns(replay)],
            "rows": _matrix(replay),
            "changed": Number("Changed", replay.changed, _list_url(replay, changed="1")),
            "may_list": request.actor.role in CASE_READER_ROLES,
            "parts": by_part(replay.differences),
        }
        return _page(request, "replay.html", title=str(replay), **context)

    def cases(self, request: HttpRequest, replay: int) -> HttpResponse:
        """The requests behind one number of a replay."""
        if request.actor.role not in CASE_READER_ROLES:
            raise PermissionDenied
        run = get_object_or_404(Replay, pk=replay)
        chosen = {name: request.GET[name] for name in ("old", "new", "changed") if request.GET.get(name)}
        rows = ReplayedCase.objects.for_actor(request.actor).filter(replay=run).select_related("case").order_by("id")
        if "changed" in chosen:
            rows, length = rows.filter(changed=True), run.changed
        else:
            rows, length = _behind(run, rows, chosen.get("old"), chosen.get("new"))
        listed = Counted(rows, length).get_page(request.GET.get("p"))
        context = {
            "replay": run,
            "what": _title(chosen),
            "listed": listed,
            "rows": [(row, RESULTS[row.old or UNSCORED], RESULTS[row.new], _lines(row)) for row in listed],
            "here": urlencode(chosen),
        }
        return _page(request, "cases.html", title=f"{run}: {_title(chosen).lower()}", **context)

    @admin.display(description="Run")
    def run(self, replay: Replay) -> str:
        return f"{replay.pk}, {moment(replay.made_at)}"

    @admin.display(description="Edition")
    def tried(self, replay: Replay) -> str:
        return f"{replay.policy} {replay.edition}"

    @admin.display(description="Readings")
    def read_as(self, replay: Replay) -> str:
        return ", ".join(f"{reading(name)}: {words(value)}" for name, value in replay.switches.items()) or "Default"

    @admin.display(description="Received")
    def received(self, replay: Replay) -> str:
        return f"{day_words(replay.since)} or later" if replay.since else "At any time"

    @admin.display(description="Requests")
    def scored(self, replay: Replay) -> int:
        return replay.requests

    @admin.display(description="Changed")
    def moved(self, replay: Replay) -> int:
        return replay.changed


def _columns(replay: Replay) -> list[str]:
    """The results that a request was given, in the order of RESULTS."""
    given = {new for row in replay.matrix.values() for new in row}
    return [new for new in RESULTS if new in given]


def _matrix(replay: Replay) -> list[tuple[str, list[Number]]]:
    columns = _columns(replay)
    return [
        (
            RESULTS[old],
            [
                Number(RESULTS[new], count, _list_url(replay, old=old, new=new) if count else "")
                for new in columns
                for count in [replay.matrix[old.replace(UNSCORED, "")].get(new, 0)]
            ],
        )
        for old in RESULTS
        if old.replace(UNSCORED, "") in replay.matrix
    ]


def _behind(
    run: Replay, rows: QuerySet[ReplayedCase], old: str | None, new: str | None
) -> tuple[QuerySet[ReplayedCase], int]:
    """The rows between two determinations (None: any), and how many."""
    if not {old, new} <= {None, *RESULTS}:
        raise Http404
    stored = None if old is None else old.replace(UNSCORED, "")
    rows = rows if stored is None else rows.filter(old=stored)
    rows = rows if new is None else rows.filter(new=new)
    counts = [
        count
        for before, row in run.matrix.items()
        for after, count in row.items()
        if stored in (None, before) and new in (None, after)
    ]
    return rows, sum(counts)


def _list_url(replay: Replay, **chosen: str) -> str:
    return f"{reverse('admin:priorauth_replay_cases', args=[replay.pk])}?{urlencode(chosen)}"


def _title(chosen: dict[str, str]) -> str:
    """`Meets the policy → Does not meet the policy`."""
    if "changed" in chosen:
        return "Changed requests"
    ends = [RESULTS[chosen[name]] if name in chosen else "Any" for name in ("old", "new")]
    return " → ".join(ends) if chosen else "All requests"


def _lines(row: ReplayedCase) -> list[tuple[str, list[str]]]:
    """The lines that changed, and what changed each, in words."""
    found = []
    for line in row.lines:
        head = f"Line {line['line']}, {line['code']}: {RESULTS[line['old']]} → {RESULTS[line['new']]}"
        found.append((head, [_why(change) for change in line["why"]]))
    return found


def _why(change: dict[str, str]) -> str:
    """`L1, path A, At least 6 weeks of ...: met → not met`."""
    path_name = change["pathway"] and f"path {change['pathway']}"
    subject = "" if change["criterion"] == "pathway" else change["label"]
    named = ", ".join(filter(None, [change["level"], path_name, subject]))
    before, after = (STATES.get(change[side], words(change[side])) for side in ("before", "after"))
    return f"{named}: {before}, and counts otherwise" if before == after else f"{named}: {before} → {after}"


def _page(request: HttpRequest, template: str, **context: Any) -> HttpResponse:
    context |= site.each_context(request)
    return TemplateResponse(request, f"admin/priorauth/replay/{template}", context)
