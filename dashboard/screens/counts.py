"""What stands at the end of a hub's screen: everything that is counted there, card by card."""

from __future__ import annotations

from dash import html

from dashboard.board import Node
from dashboard.scene import Scene
from dashboard.screens.reasons import reasons_card
from dashboard.screens.results import results_card
from dashboard.screens.summary import ages_card, late_card, states_card
from dashboard.screens.work import work_card
from hubstat.figures.texts import label


def counts(scene: Scene, node: Node, hub: str) -> html.Div:
    """Reasons and lateness, results and states, Friends' work: three columns."""
    backlog = label("m6", scene.place.direction, scene.lang)
    columns = (
        (reasons_card(scene, node, hub), late_card(scene, node, hub)),
        (results_card(scene, node, hub), states_card(scene, node, hub)),
        (work_card(scene, node, hub), ages_card(scene, node, hub, "m6", backlog)),
    )
    return html.Div([html.Div(list(cards), className="main-column") for cards in columns], className="thirds")
