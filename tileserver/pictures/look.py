# SPDX-License-Identifier: Apache-2.0
"""Parameters that say how samples become colours, the same on every route with pictures.

``window``, ``iccprofile`` and ``quality`` are those of PS3.18; ``channel`` and ``plane`` are ours.

References
----------
PS3.18 8.3.5.1.2 (quality), 8.3.5.1.4 (window), 8.3.5.1.5 (ICC profile)
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tileserver.errors import BadRequestError
from tileserver.pictures.numbers import decimal, whole
from tileserver.services.render.look import Channel, IccChoice, Look, Window, WindowFunction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import QueryParams

    from tileserver.services.render.look import Rgb

_MOST_CHANNELS = 32
_LONGEST_PATH = 64
_COLOR = re.compile(r"#?([0-9a-fA-F]{6})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a picture is drawn and coded.

    Parameters
    ----------
    plane
        Focal plane, from 0; ``None`` for the middle one.
    quality
        Of a lossy coding, from 1 to 100.
    """

    look: Look = field(default_factory=Look)
    plane: int | None = None
    quality: int | None = None

    @property
    def is_plain(self) -> bool:
        """Whether nothing was asked for."""
        return self == Drawing()


def read_drawing(query: QueryParams) -> Drawing:
    """Return what ``window``, ``channel``, ``iccprofile``, ``plane`` and ``quality`` ask for.

    Raises
    ------
    BadRequestError
        A parameter breaks its syntax.
    """
    window, quality, plane = (query.get(name) for name in ("window", "quality", "plane"))
    return Drawing(
        Look(
            window=read_window(window) if window is not None else None,
            channels=_read_channels(query.getlist("channel")),
            icc=read_icc(query.get("iccprofile", "no")),
        ),
        plane=whole(plane, "plane") if plane is not None else None,
        quality=read_quality(quality) if quality is not None else None,
    )


def read_quality(text: str) -> int:
    """Return a quality from 1 to 100."""
    return whole(text, "quality", least=1, most=100)


def read_window(text: str, name: str = "window") -> Window:
    """Return the window of ``center,width`` or ``center,width,function``."""
    items = [item.strip() for item in text.split(",")]
    if not 2 <= len(items) <= 3:
        raise BadRequestError(f"{name}: expected center,width,function")
    function = _function(items[2], name) if len(items) == 3 else WindowFunction.LINEAR
    return checked_window(decimal(items[0], name), decimal(items[1], name), function, name)


def checked_window(center: float, width: float, function: WindowFunction, name: str) -> Window:
    """Return a window of a width that its function can have (PS3.3 C.11.2.1.2)."""
    least = 1.0 if function is WindowFunction.LINEAR else 0.0
    if width < least or width <= 0:
        bound = "of at least 1" if least else "above 0"
        raise BadRequestError(f"{name}: found the width {width:g}, expected one {bound}")
    return Window(center, width, function)


def _function(text: str, name: str) -> WindowFunction:
    try:
        return WindowFunction(text.lower().replace("_", "-"))
    except ValueError:
        expected = ", ".join(item.value for item in WindowFunction)
        raise BadRequestError(f"{name}: found {text[:32]!r}, expected {expected}") from None


def read_icc(text: str) -> IccChoice:
    """Return what becomes of the colours."""
    try:
        return IccChoice(text.lower())
    except ValueError:
        expected = ", ".join(item.value for item in IccChoice)
        raise BadRequestError(f"iccprofile: found {text[:32]!r}, expected {expected}") from None


def _read_channels(texts: Sequence[str]) -> tuple[Channel, ...] | None:
    if len(texts) > _MOST_CHANNELS:
        raise BadRequestError(f"channel: expected at most {_MOST_CHANNELS}")
    return tuple(read_channel(text) for text in texts) or None


def read_channel(text: str) -> Channel:
    """Return the channel of ``path``, ``path,color`` or ``path,color,center,width,function``.

    The path is an Optical Path Identifier, the color is written ``rrggbb``; it may be empty.
    """
    path, *rest = [item.strip() for item in text.split(",")]
    if not path or len(path) > _LONGEST_PATH or len(rest) > 4:
        raise BadRequestError("channel: expected path,rrggbb,center,width,function")
    color = _read_color(rest[0]) if rest and rest[0] else None
    window = read_window(",".join(rest[1:]), "channel") if len(rest) > 1 else None
    return Channel(path, color, window)


def _read_color(text: str) -> Rgb:
    found = _COLOR.fullmatch(text)
    if not found:
        raise BadRequestError(f"channel: found the color {text[:32]!r}, expected rrggbb")
    red, green, blue = bytes.fromhex(found[1])
    return red, green, blue
