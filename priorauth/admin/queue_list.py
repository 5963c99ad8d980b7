"""The list of the queue: heads that sort where a view may be sorted, what was chosen, and why nothing is left."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils import timezone

from priorauth.admin.filters import ColumnFilter, SortFilter
from priorauth.admin.tabs import SORTS, capped, counted, in_tab, tab_of
from priorauth.models import Case

SORTED_BY = {"due": "due", "received": "received", "points": "score", "decided": "decided"}  # column -> sort
USUAL = {"decided": "-decided"}  # the order of a tab, where it is one of its sorts


class Head(NamedTuple):
    """The head of a column. `address` sorts by it, as `does` says; `way` is how it is sorted now, `aria` the same."""

    text: str
    name: str
    address: str = ""
    does: str = ""
    way: str = ""
    aria: str = ""


class Chosen(NamedTuple):
    """A filter that is set: its title, what it says ("" where that is not in its list), and the list without it."""

    title: str
    words: str
    without: str


class QueueList(ChangeList):
    def __init__(self, request: HttpRequest, *more: Any) -> None:
        self.actor = request.actor
        self.tab = tab_of(request.GET.get("view", ""), request.actor)
        super().__init__(request, *more)

    def get_results(self, request: HttpRequest) -> None:
        """A list of one page is read by its keys too: in its own order all rows of the view would be looked through."""
        super().get_results(request)
        if not self.multi_page:
            self.result_list = self.paginator.page(1).object_list

    @property
    def heads(self) -> Iterator[Head]:
        sorts = {} if self.query else SORTS.get(self.tab, {})
        asked = self.params.get("sort", "")
        now = asked if asked in sorts else USUAL.get(self.tab, "")
        for column in self.list_display:
            name = column if isinstance(column, str) else column.__name__
            text = label_for_field(column, self.model, self.model_admin)
            by = SORTED_BY.get(name, "")
            ways = [way for way in sorts if way.removeprefix("-") == by]
            if not ways:
                yield Head(text, name)
                continue
            following = ways[ways.index(now) - 1] if now in ways else ways[0]
            address, does = self.get_query_string({"sort": following}), _way(sorts[following])
            if now not in ways:
                yield Head(text, name, address, does)
                continue
            aria = "descending" if now.startswith("-") else "ascending"
            yield Head(text, name, address, does, _way(sorts[now]), aria)

    @property
    def chosen(self) -> list[Chosen]:
        """The filters that are set, each with the address that takes it away."""
        return [
            Chosen(spec.title, spec.words, self.get_query_string({spec.parameter_name: None}))
            for spec in self.filter_specs
            if isinstance(spec, ColumnFilter) and spec.value()
        ]

    @property
    def alone(self) -> list[tuple[str, str, str]]:
        """What each filter leaves of this view by itself: (title, words, how many), in one query."""
        if self.query:
            return []
        cases = in_tab(Case.objects.for_actor(self.actor), self.tab, self.actor, timezone.now())
        specs = {
            spec.parameter_name: spec
            for spec in self.filter_specs
            if isinstance(spec, ColumnFilter) and not isinstance(spec, SortFilter) and spec.words
        }
        left = counted(self.actor, {name: spec.narrow(cases, spec.value()) for name, spec in specs.items()})
        return [(spec.title, spec.words, capped(left[name]) if left[name] else "none") for name, spec in specs.items()]


def _way(words: str) -> str:
    """`Due, latest first` -> `latest first`."""
    return words.partition(", ")[2]
