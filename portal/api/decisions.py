"""The payer's operation: decisions, streamed, to go on from wherever a stream ended."""

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from portal.api.base import ApiView
from portal.api.document import describe
from portal.api.queries import BadQuery, DecisionsQuery
from priorauth import exports, watermark
from priorauth.roles import Actor

NEXT_CURSOR = OpenApiParameter(
    "X-Next-Cursor",
    str,
    OpenApiParameter.HEADER,
    response=[200],
    description="`after` for the next call once this answer has arrived whole; absent while there is no row at all",
)
LINK = OpenApiParameter(
    "Link", str, OpenApiParameter.HEADER, response=[200], description="the address of the next call, rel=next"
)


class JsonLines(BaseRenderer):
    media_type = exports.MEDIA_TYPES["jsonl"]
    format = "jsonl"


class Csv(BaseRenderer):
    media_type = exports.MEDIA_TYPES["csv"]
    format = "csv"


class ByFormat(DefaultContentNegotiation):
    """`?format=` wins over the Accept header; one that is not known is named by the query, not here."""

    def select_renderer(self, request: Request, renderers: list[Any], format_suffix: str | None = None) -> Any:
        named = [one for one in renderers if one.format == request.query_params.get("format")]
        return (named[0], named[0].media_type) if named else super().select_renderer(request, renderers, format_suffix)


class Decisions(ApiView):
    renderer_classes = [JsonLines, Csv]
    content_negotiation_class = ByFormat

    @describe(
        "decisions_export",
        "Read decisions",
        {JsonLines.media_type: {"type": "string"}, Csv.media_type: {"type": "string"}},
        query=DecisionsQuery,
        parameters=(NEXT_CURSOR, LINK),
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """One row for each line of a decided request, in the order of deciding, version 2 of the columns, without
        patient identifiers; JSON Lines or CSV, streamed. Where a stream was cut, go on with `after` = reference and
        line of the last whole row, as in `PA-7K2M-0000-1111.1`. No decision is skipped that was being recorded while
        you read. Each call is an event of the audit trail."""
        selection = self._selection()
        headers = self._next(selection)
        kind = request.accepted_renderer.format
        stream = exports.STREAMS[kind](selection, by=self.actor, at=timezone.now())
        media_type = f"{exports.MEDIA_TYPES[kind]}; charset=utf-8"
        return StreamingHttpResponse(stream, content_type=media_type, headers=headers)

    def head(self, request: Request) -> HttpResponse:
        """The headers alone. Nothing is exported."""
        media_type = f"{exports.MEDIA_TYPES[request.accepted_renderer.format]}; charset=utf-8"
        return HttpResponse(content_type=media_type, headers=self._next(self._selection()))

    def refuse(self, actor: Actor | None) -> None:
        """A refused export is an event too. Raises NotPermitted, which says who may."""
        if actor:
            exports.permit(by=actor, at=timezone.now())

    def _selection(self) -> exports.Selection:
        query = DecisionsQuery.of(self.request)
        return exports.Selection(
            query.get("from"),
            query.get("to"),
            tuple(query.get("outcome", ())),
            tuple(query.get("product", ())),
            after=query["after"],
            until=watermark.decided_up_to(),
            limit=query.get("limit"),
        )

    def _next(self, selection: exports.Selection) -> dict[str, str]:
        """Where the next call begins: after the last row of this one, or where this one began."""
        try:
            cursor = exports.last_cursor(selection) or selection.after
        except exports.UnknownCursor as error:
            raise BadQuery([{"path": "after", "message": str(error)}]) from error
        if not cursor:
            return {}
        query = self.request.query_params.copy()
        query["after"] = cursor
        address = f"{reverse('api:decisions')}?{query.urlencode()}"
        return {"X-Next-Cursor": cursor, "Link": f'<{address}>; rel="next"'}
