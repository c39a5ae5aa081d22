"""The address of exports, ``/export?…``: a screen's own address with the table and the form of the file."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qs

from dash import Dash
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from dashboard.causes import Refused, told
from dashboard.exports import Export, export
from dashboard.live import Screens
from dashboard.place import lang_of, parse
from hubstat.errors import AccessError, HubstatError
from hubstat.figures.export import CSV_MIME, XLSX_MIME
from hubstat.figures.formats import Lang

log = logging.getLogger(__name__)

# Times that no list is of begin here, ms.
_LATEST: Final = 1 << 43
_MIMES: Final = {"csv": f"{CSV_MIME}; charset=utf-8", "xlsx": XLSX_MIME}


def add_export_route(app: Dash, screens: Screens, lang: Lang) -> None:
    """Serve exports. A refusal is one line of text: 403 without a right, else 400."""

    def answer(request: Request) -> Response:
        search = request.url.query
        try:
            found = _export(screens, search, lang)
        except HubstatError as error:
            log.info("export refused: %s", error)
            said = told(error, lang_of(search, lang))
            return PlainTextResponse(said, status_code=403 if isinstance(error, AccessError) else 400)
        headers = {"Content-Disposition": f'attachment; filename="{found.name}"', "Cache-Control": "no-store"}
        if found.rows is not None:
            headers["X-Export-Rows"] = str(found.rows)
        form = found.name.rpartition(".")[2]
        return StreamingResponse(_told(found), media_type=_MIMES[form], headers=headers)

    # In front of the others: Dash takes every address that is left.
    app.server.router.routes.insert(0, Route("/export", answer, methods=["GET"]))


def _export(screens: Screens, search: str, lang: Lang) -> Export:
    fields: dict[str, Any] = parse_qs(search)
    place = parse(search, screens.board.zone, lang)
    table, form = (fields.get(name, [""])[0] for name in ("table", "format"))
    built = screens.build(place.go(), "light", screens.moment(place))
    return export(screens, built, place.proof, table, form, _listed(fields))


def _listed(fields: dict[str, Any]) -> tuple[int, int] | None:
    """(T, K) of the list that a drawer shows, ms; None where the address names none."""
    if "listed_at" not in fields:
        return None
    try:
        as_of, known_at = (int(fields.get(name, [""])[0]) for name in ("listed_at", "listed_known"))
    except ValueError:
        raise Refused("error.export_moment") from None
    if not 0 < as_of <= known_at < _LATEST:
        raise Refused("error.export_moment")
    return as_of, known_at


def _told(found: Export) -> Iterator[bytes]:
    """The file; a failure on the way breaks the answer off, so that nobody takes a part for the whole."""
    try:
        yield from found.body
    except HubstatError as error:
        log.error("export %s broken off: %s", found.name, error)
        raise
