"""A part of a screen as one component, whose elements ``assets/markup.js`` draws.

Each ``html`` element of Dash follows the whole state of the page by itself: thousands of them keep a browser busy.
"""

from __future__ import annotations

from typing import Any, Final

from dash.development.base_component import Component

from dashboard.scene import Scene

_PROPS: Final = ["id", "tree", "tag", "className", "role", "style", "tabIndex"]


class Markup(Component):
    """An element ``tag`` with a list of plain elements, texts and numbers in it.

    tree: ``dash.html`` elements and Mantine's tooltips; none of them can be the input or output of a callback.
    """

    _children_props: Final[list[str]] = []
    _namespace = "hubstat_markup"
    _type = "Markup"
    _prop_names = _PROPS
    _valid_wildcard_attributes: Final = ["data-", "aria-"]
    available_properties = _PROPS
    available_wildcard_properties: Final = ["data-", "aria-"]

    def __init__(self, tree: list[Any], tag: str, **props: Any) -> None:
        # Dash's own constructor looks for a package of the namespace's name at every property.
        self.__dict__.update(props, tree=tree, tag=tag)


def markup(scene: Scene, name: str, content: Any, tag: str = "div", **props: Any) -> Markup:
    """A part of the screen: what is replaced, or changed in places, while it is shown.

    content: an element, text, or list of them. props: ``className``, ``role`` and the like.
    """
    tree = list(content) if isinstance(content, list | tuple) else [content]
    return Markup(**scene.part(name, "tree", tree), tag=tag, **props)
