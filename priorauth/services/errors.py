"""Why an act was not done. Each carries a sentence for the person who tried; nothing was written."""


class Refused(Exception):
    """The act was not done. `str(refusal)` is shown to the person."""


class NotPermitted(Refused):
    """This person may not do this, whatever the case's state (403)."""


class Conflict(Refused):
    """The case moved on since the page was opened (409)."""


class Incomplete(Refused):
    """Something that the act needs is missing or wrong: `field` names it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
