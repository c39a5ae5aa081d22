"""A mail's HTML with its pictures inside, for a browser."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping


def with_pictures(html: str, pictures: Mapping[str, bytes]) -> str:
    """The HTML with every ``cid:`` address of a picture (PNG, by content id) as a ``data:`` one."""

    def inside(found: re.Match[str]) -> str:
        known = pictures.get(found[1])
        return found[0] if known is None else f"data:image/png;base64,{base64.b64encode(known).decode()}"

    return re.sub(r"cid:([^\"'\s)>]+)", inside, html)
