"""The request form with what is said of it: what cannot both be right, what a sending needs, and how far it is."""

from dataclasses import dataclass

from policies.codes import region_of
from portal.web import cross_checks, levels, needed
from portal.web.cross_checks import SACRAL
from portal.web.diagnosing import DiagnosisHelp
from portal.web.directory import NONE, Directory
from portal.web.progress import fold, state
from portal.web.typed_form import SECTIONS, TypedForm


@dataclass
class RequestForm(TypedForm):
    """`directory` are the office's own clinicians and facilities. `whole` also asks for what a sending needs;
    `sought` is what was typed to look for a diagnosis code; `level_problem` what could not be done of the levels that
    were typed or ticked.
    """

    whole: bool = False
    directory: Directory = NONE
    sought: str = ""
    level_problem: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.directory.offer(self.people)
        if self.level_problem:
            self.plan.add_error(levels.BOX, self.level_problem)
        cross_checks.run(self)
        if self.whole:
            needed.run(self)
        fold(self)

    def section_list(self) -> list[dict[str, str]]:
        """The list beside the page: each section's title and state in words."""
        return [
            {"id": name, "title": title, "key": str(number), "state": state(self, name)}
            for number, (name, title) in enumerate(SECTIONS.items(), start=1)
        ]

    @property
    def codes(self) -> list[tuple[str, str]]:
        """The procedure codes of the edition, with where each belongs: to choose from."""
        return [
            (code, cross_checks.place_of(rule) + (", each further level" if rule.role == "addon" else ""))
            for code, rule in self.edition.document.codes.current.items()
        ]

    @property
    def help(self) -> DiagnosisHelp:
        return DiagnosisHelp(self, self.sought)

    @property
    def sacral(self) -> list[str]:
        """What is to be known of each sacral level that was named."""
        return [cross_checks.SACROPLASTY.format(level) for level in self.known_levels if region_of(level) in SACRAL]
