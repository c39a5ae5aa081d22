"""What a Friend held at the first departure of a service date, and what of it was not loaded by then. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from hubstat.domain.invoice import InvoiceState
from hubstat.domain.row import Row

LoadPart = Literal["assigned", "gap"]


@dataclass(frozen=True, slots=True)
class Loading:
    """A due delivery that some Friend has held. loaded_at: first LOADED, departure, attempt or completion, ms.

    holdings: (since in ms, Friend) at each change of the holder, in order. camp, friend: attribution.
    """

    camp: str | None
    friend: str | None
    wave: str
    loaded_at: int | None
    holdings: tuple[tuple[int, str], ...]

    def parts(self, departures: Mapping[str, int]) -> tuple[LoadPart, ...]:
        """Where it counts. departures: the Friends' first departure on the service date, ms.

        It was held at a departure by the Friend to whom the last change up to it had given it.
        """
        held = list(self.held_at(departures))
        if any(self.loaded_at is None or self.loaded_at > departure for _, departure in held):
            return ("assigned", "gap")
        return ("assigned",) if held else ()

    def held_at(self, departures: Mapping[str, int]) -> Iterator[tuple[str, int]]:
        """The Friends who held it at their departure, with that departure (ms)."""
        for number, (since, friend) in enumerate(self.holdings):
            departure = departures.get(friend)
            if departure is None or since > departure:
                continue
            if number + 1 < len(self.holdings) and self.holdings[number + 1][0] <= departure:
                continue
            yield friend, departure


def loading_of(state: InvoiceState, row: Row) -> Loading | None:
    """The loading of a counted invoice; None for one that is no due delivery or that nobody has held."""
    if state.direction != "DELIVERY" or not row.due or not state.holdings:
        return None
    return Loading(state.camp, state.friend, row.wave, state.loaded_at, state.holdings)
