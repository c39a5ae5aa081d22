"""Camps' tallies summed up the hierarchy of one date: children + unassigned + unmapped = parent, exactly. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aggregations.question import UNASSIGNED, FigureRow, Question, Scope
from aggregations.tally import Tally, figures
from hubstat.domain.hierarchy import LEVELS, UNMAPPED, Hub, HubTree
from hubstat.domain.masterdata import MasterData
from hubstat.domain.time import zone as zone_of
from hubstat.errors import QueryError

Places = Mapping[tuple[str | None, ...], Tally]


def resolve(tree: HubTree, level: str, hub: str | None) -> Scope:
    """The node that ``hub`` names, at ``level`` or above it. A camp that no row knows is a node by its id.

    Raises ``QueryError`` where it names none, or several.
    """
    if hub is None:
        return Scope("nationwide", tree.home)
    above = LEVELS[: LEVELS.index(level) + 1] if level in LEVELS else LEVELS
    stated, _, rest = hub.partition(":")
    if stated in LEVELS and rest:
        if stated not in above:
            raise QueryError(f"{hub} is below the level {level}: name a hub at or above it")
        if stated != "camp" and rest != UNMAPPED and not any(node.level == stated for node in tree.find(rest)):
            raise QueryError(f"the master data have no {stated} {rest} on this date")
        return Scope(stated, rest)
    found = [node for node in tree.find(hub) if node.level in above]
    if len(found) > 1:
        names = ", ".join(f"{node.level}:{node.id}" for node in found)
        raise QueryError(f"{hub} names several hubs: say which, {names}")
    if found:
        return Scope(found[0].level, found[0].id)
    if "camp" not in above:
        raise QueryError(f"the master data have no hub {hub} at or above the level {level} on this date")
    return Scope("camp", hub)


def camps_of_row(camp_id: str) -> list[str | None]:
    """Camps, as invoices name them, that one camp row sums: also no camp at all in the row ``unmapped``."""
    return [camp_id, None] if camp_id == UNMAPPED else [camp_id]


def camps_below(tree: HubTree, scope: Scope) -> list[str | None] | None:
    """Camps, as invoices name them, inside a node; None: of some that no master data name, or all."""
    if scope.level == "friend":
        return camps_of_row(scope.camp or UNMAPPED)
    if scope.level == "camp":
        return camps_of_row(scope.hub)
    return None if scope.level == "nationwide" or scope.hub == UNMAPPED else list(tree.camps(scope.level, scope.hub))


def inside(tree: HubTree, scope: Scope, camp: str | None) -> bool:
    """Whether a camp (None: no camp known) lies in a node."""
    return tree.path(camp).at(scope.level) == scope.hub


def _in_order(camps: Places) -> list[tuple[str | None, Tally]]:
    """By id, no camp last: the unmapped rows then come in the same order from every look."""
    named = [(place[0], tally) for place, tally in camps.items()]
    return sorted(named, key=lambda item: (item[0] is None, item[0] or ""))


def node_tallies(tree: HubTree, camps: Places, level: str, scope: Scope) -> dict[str, tuple[Hub, Tally]]:
    """Tallies of all nodes of a level inside a node: those of the master data, also empty, then the unmapped ones."""
    nodes: dict[str, tuple[Hub, Tally]] = {}
    for hub in tree.hubs(level):
        if _below(tree, hub, scope):
            nodes[hub.id] = (hub, Tally())
    for camp, tally in _in_order(camps):
        if inside(tree, scope, camp):
            hub_id = tree.path(camp).at(level)
            if hub_id not in nodes:
                nodes[hub_id] = (tree.hub(level, hub_id), Tally())
            nodes[hub_id][1].add(tally)
    return nodes


def _below(tree: HubTree, hub: Hub, scope: Scope) -> bool:
    node = hub
    for level in reversed(LEVELS[: LEVELS.index(hub.level) + 1]):
        if level == scope.level:
            return node.id == scope.hub
        if node.parent is None:
            return False
        node = tree.hub(LEVELS[LEVELS.index(level) - 1], node.parent)
    return False


@dataclass(frozen=True, slots=True)
class Ground:
    """The hierarchies that figures roll up by: of the service date, and of T's local date for what waits then (C9)."""

    day: HubTree
    moment: HubTree


def hub_rows(
    ground: Ground, master: MasterData, camps: Places, waiting: Places, question: Question, scope: Scope
) -> tuple[FigureRow, ...]:
    """Rows of a hub level inside a node; ``waiting``: the backlog's tallies, apart because its hierarchy is another."""
    level = question.level
    nodes = node_tallies(ground.day, camps, level, scope)
    for camp, tally in _in_order(waiting):
        if inside(ground.moment, scope, camp):
            hub = ground.moment.hub(level, ground.moment.path(camp).at(level))
            nodes.setdefault(hub.id, (hub, Tally()))[1].add(tally)
    return tuple(
        FigureRow.of(hub, figures(tally, question.direction, zone_of(_country(ground.day, hub)), question.metrics))
        for hub, tally in nodes.values()
    )


def _country(tree: HubTree, hub: Hub) -> str:
    node = hub
    while node.parent is not None:
        node = tree.hub(LEVELS[LEVELS.index(node.level) - 1], node.parent)
    return node.id


def friend_rows(
    ground: Ground, master: MasterData, friends: Places, waiting: Places, question: Question, scope: Scope
) -> tuple[FigureRow, ...]:
    """Rows (camp, Friend) inside a node; what no Friend holds is the camp's row ``unassigned``, last."""
    tallies: dict[tuple[str | None, str | None], Tally] = {}
    for tree, found in ((ground.day, friends), (ground.moment, waiting)):
        for place, tally in found.items():
            if inside(tree, scope, place[0]):
                tallies.setdefault((place[0], place[1]), Tally()).add(tally)
    rows: list[FigureRow] = []
    ordered = sorted(tallies, key=lambda key: (key[0] is None, key[0] or "", key[1] is None, key[1] or ""))
    for camp, friend_id in ordered:
        path = ground.day.path(camp)
        known = master.friend(friend_id, question.service_date) if friend_id is not None else None
        name = known.name if known is not None else friend_id
        rows.append(
            FigureRow(
                friend_id or UNASSIGNED,
                name or "미배정",
                name or "Unassigned",
                path.camp if camp is not None else UNMAPPED,
                figures(tallies[camp, friend_id], question.direction, zone_of(path.country), question.metrics),
            )
        )
    return tuple(rows)
