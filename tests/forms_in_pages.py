"""The forms of a page as a browser reads them: where they go, what is filled in, what a person may change."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.http import HttpResponse

Fields = dict[str, list[str]]
TYPED = {"text", "email", "tel", "search", "textarea"}


@dataclass
class Form:
    """`kinds` has the kind of each control by its name: text, radio, checkbox, select, textarea, hidden, file."""

    action: str = ""
    method: str = "get"
    fields: Fields = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    choices: Fields = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, kind: str, value: str | None) -> None:
        self.kinds[name] = kind
        if value is not None:
            self.fields.setdefault(name, []).append(value)

    @property
    def typed(self) -> list[str]:
        """The names of the controls that take any text."""
        return [name for name, kind in self.kinds.items() if kind in TYPED]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.open: Form | None = None
        self.select = self.textarea = ""
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.open = Form(found.get("action", ""), found.get("method", "get").lower())
            self.forms.append(self.open)
        elif self.open is not None:
            self.control(tag, found)

    def control(self, tag: str, found: dict[str, str]) -> None:
        name, value = found.get("name", ""), found.get("value", "")
        if tag == "option" and self.select:
            self.open.choices.setdefault(self.select, []).append(value)
            if "selected" in found:
                self.open.add(self.select, "select", value)
        elif tag == "button" and name:
            self.open.buttons.append((name, value))
        elif tag == "select" and name:
            self.select = name
            self.open.add(name, "select", None)
        elif tag == "textarea" and name:
            self.textarea, self.text = name, ""
        elif tag == "input" and name:
            kind = found.get("type", "text")
            ticked = kind not in ("radio", "checkbox") or "checked" in found
            if kind in ("radio", "checkbox"):
                self.open.choices.setdefault(name, []).append(value)
            self.open.add(name, kind, value if ticked and kind != "file" else None)

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.open = None
        elif tag == "select":
            self.select = ""
        elif tag == "textarea" and self.textarea:
            self.open.add(self.textarea, "textarea", self.text.removeprefix("\n"))
            self.textarea = ""


def forms_of(page: HttpResponse | str) -> list[Form]:
    """Every form of a page, but for the one that signs out."""
    reader = _Reader()
    reader.feed(page if isinstance(page, str) else page.content.decode())
    return [form for form in reader.forms if form.action != "/sign-out/"]


def form_to(page: HttpResponse | str, path: str) -> Form:
    """The form of a page that posts to `path`; an empty action posts to the page itself."""
    return next(form for form in forms_of(page) if form.method == "post" and form.action in (path, ""))
