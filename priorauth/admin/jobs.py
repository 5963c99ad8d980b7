"""The job table in the admin: what waits, what failed and why. Read only."""

from django.contrib import admin
from django.http import HttpRequest

from priorauth.admin.base import ListAdmin
from priorauth.admin.filters import Choices, ColumnFilter
from priorauth.admin.site import site
from priorauth.models import Job
from priorauth.roles import Role
from priorauth.services.base import moment


class StateFilter(ColumnFilter):
    title, parameter_name, column = "State", "state", "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Choices:
        return Job.State.choices


@admin.register(Job, site=site)
class JobAdmin(ListAdmin):
    list_title = "Jobs"
    readers = frozenset({Role.LEAD, Role.ADMINISTRATOR})
    list_display = ("work", "reference", "state_words", "attempts", "error", "next_try", "made", "finished")
    list_display_links = None
    list_filter = (StateFilter,)
    list_select_related = ("case",)
    ordering = ("-id",)

    @admin.display(description="Work")
    def work(self, job: Job) -> str:
        return job.get_kind_display()

    @admin.display(description="Case")
    def reference(self, job: Job) -> str:
        return job.case.reference if job.case else "-"

    @admin.display(description="State")
    def state_words(self, job: Job) -> str:
        return job.get_state_display()

    @admin.display(description="Last error")
    def error(self, job: Job) -> str:
        return job.last_error or "-"

    @admin.display(description="Next try")
    def next_try(self, job: Job) -> str:
        return moment(job.run_after) if job.state == Job.State.WAITING else "-"

    @admin.display(description="Created")
    def made(self, job: Job) -> str:
        return moment(job.created_at)

    @admin.display(description="Done")
    def finished(self, job: Job) -> str:
        return moment(job.done_at) if job.done_at else "-"
