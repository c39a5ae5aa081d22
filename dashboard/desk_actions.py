"""What a click on the screen of the reports does: send a run again, send a copy to oneself."""

from __future__ import annotations

import asyncio
from typing import Any

from dash import Dash, Input, Output, State, no_update

from dashboard.causes import told
from dashboard.desk import Desk
from dashboard.live import Screens
from dashboard.place import lang_of, parse
from dashboard.screens.reports import Asked, date_of, wave_of
from hubstat.errors import HubstatError, RecipientError
from hubstat.figures.formats import Lang
from hubstat.figures.texts import text


def add_desk_callbacks(app: Dash, screens: Screens, desk: Desk, lang: Lang) -> None:
    """The callbacks of both buttons. A refusal stands where the result would."""

    @app.callback(
        Output("resent", "children"),
        Input("resend", "data"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    async def resend(clicked: dict[str, Any] | None, search: str) -> Any:
        # A screen that is drawn anew brings a new store: nobody has clicked by then.
        return await asyncio.to_thread(_resend, screens, desk, clicked["run"], search, lang) if clicked else no_update

    @app.callback(
        Output("sent", "children"),
        Input("send-now", "n_clicks"),
        State("send-to", "value"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    async def send(clicks: int | None, recipient: str | None, search: str) -> Any:
        return await asyncio.to_thread(_send, screens, desk, recipient, search, lang) if clicks else no_update


def _resend(screens: Screens, desk: Desk, run_id: str, search: str, lang: Lang) -> str:
    chosen = lang_of(search, lang)
    try:
        run = desk.resend(run_id)
    except HubstatError as error:
        return told(error, chosen)
    finally:
        screens.desktop.forget()
    return text("reports.resent", chosen, state=text(f"reports.state.{run.state}", chosen))


def _send(screens: Screens, desk: Desk, recipient: str | None, search: str, lang: Lang) -> str:
    chosen = lang_of(search, lang)
    if not recipient:
        return text("reports.no_address", chosen)
    try:
        place = parse(search, screens.board.zone, lang)
        asked = Asked.of(place.order or "")
        day, wave = date_of(place, screens.moment(place)), wave_of(asked, place)
        run = desk.send_now(desk.order(asked.report, day, asked.level, asked.hub, wave=wave), recipient, chosen)
    except RecipientError:
        return text("error.recipient", chosen, recipient=recipient)
    except HubstatError as error:
        return told(error, chosen)
    finally:
        screens.desktop.forget()
    return text("reports.sent", chosen, recipient=recipient, state=text(f"reports.state.{run.state}", chosen))
