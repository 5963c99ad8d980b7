"""When a physician reads what the nurse would do: once they marked the criteria, so that it does not lead them."""

from collections.abc import Iterator

from priorauth.models import Assessment, Case
from priorauth.roles import Actor, Role
from priorauth.services.judge import standing
from priorauth.services.scored import latest_assessment
from priorauth.statuses import OPEN

HIDDEN = "Shown once you have marked the criteria: {left} left at {levels}."


def hidden_from(case: Case, actor: Actor) -> str:
    """Why the recommendations of this case are not shown to `actor` yet, or "": they are.

    They wait for a physician's marks, on the latest revision, of each criterion of the closest pathway at every level
    that was scored. Where nothing was scored there is nothing to mark.
    """
    if actor.role != Role.PHYSICIAN or case.status not in OPEN:
        return ""
    assessment = latest_assessment(case)
    if assessment is None:
        return ""
    marked = standing(case, assessment, actor.user_id)
    left = [key for key in dict.fromkeys(_to_mark(assessment)) if key not in marked]
    levels = ", ".join(dict.fromkeys(level for level, _ in left))
    return HIDDEN.format(left=len(left), levels=levels) if left else ""


def _to_mark(assessment: Assessment) -> Iterator[tuple[str, str]]:
    """(level, criterion) of the closest pathway at each scored level."""
    stories = {line["line"]: line["levels"] for line in assessment.explanation["lines"]}
    for line in assessment.result["lines"]:
        told = {level["level"]: level for level in stories.get(line["line"], [])}
        for level in line["levels"]:
            story = told.get(level["level"], {})
            ways = level["criteria"]
            way = story["closest"] if "closest" in story else next(iter(ways))
            yield from ((level["level"], criterion) for criterion in ways[way])
