"""The lists that everybody opens all day are read in order from an index, however long the tables grow."""

import pytest
from django.db import connection

from priorauth import jobs, selectors
from priorauth.models import Job
from priorauth.roles import Role
from priorauth.services import claim
from tests.cases import NOW, case_in_review, draft_case, person

pytestmark = pytest.mark.django_db


def queue():
    return selectors.queue(person(Role.NURSE)).select_related(None)


def next_case():
    return claim.free(selectors.reviewable_by(person(Role.NURSE)), NOW)


def office_list():
    return selectors.office_requests(person(Role.CLERK)).select_related(None)


def due_jobs():
    return jobs.due(Job.Kind.SCORE, NOW)


def failed_jobs():
    return Job.objects.filter(state=Job.State.FAILED).order_by("-id")


@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (queue, "case_queue"),
        (next_case, "case_queue"),
        (office_list, "case_office_list"),
        (due_jobs, "job_waiting"),
        (failed_jobs, "job_failed"),
    ],
)
def test_the_list_comes_from_its_index_without_sorting(rows, index):
    clerk = person(Role.CLERK)
    for _ in range(3):
        case_in_review(clerk)
        draft_case(clerk)
    with connection.cursor() as cursor:
        for cheap_for_few_rows in ("enable_seqscan", "enable_bitmapscan", "enable_sort"):
            cursor.execute(f"SET LOCAL {cheap_for_few_rows} = off")
    plan = rows()[:25].explain()
    assert index in plan
    assert "Sort" not in plan, plan
