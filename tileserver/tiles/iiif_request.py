# SPDX-License-Identifier: Apache-2.0
"""The parameters of a IIIF image request, against an image of known size: pure.

References
----------
https://iiif.io/api/image/3.0/ sections 4 (parameters), 4.8 (canonical form)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tileserver.errors import BadRequestError
from tileserver.pictures.geometry import MOST_PIXELS, Box, Size, fitted, limited
from tileserver.pictures.numbers import decimal, whole

FORMATS = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
}
QUALITIES = ("default", "color", "gray", "bitonal")
_DEGREES = re.compile(r"\d{1,3}(?:\.\d{1,9})?|\.\d{1,9}", re.ASCII)
_PERCENT = re.compile(r"\d{1,9}(?:\.\d{1,12})?|\.\d{1,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """What is asked for, in pixels of the image.

    Parameters
    ----------
    size
        Of the picture before it is rotated.
    degrees
        Clockwise, from 0 up to 360, after mirroring on the vertical axis.
    """

    image: Size
    box: Box
    size: Size
    is_mirrored: bool
    degrees: float
    quality: str
    format: str

    @property
    def is_whole(self) -> bool:
        """Whether the region is the whole image."""
        return self.box == Box.whole(self.image)

    @property
    def is_plain(self) -> bool:
        """Whether nothing is done to the region but scaling."""
        return not self.is_mirrored and self.degrees == 0 and self.quality in ("default", "color")

    def canonical(self) -> str:
        """Return the path of the request in its canonical form."""
        box, size = self.box, self.size
        region = "full" if self.is_whole else f"{box.x},{box.y},{box.width},{box.height}"
        rotation = "!" * self.is_mirrored + f"{self.degrees:.9f}".rstrip("0").rstrip(".")
        return f"{region}/{self._canonical_size(size)}/{rotation}/{self._last()}"

    def _canonical_size(self, size: Size) -> str:
        if size == limited(self.box):
            return "max"
        is_enlarged = size.width > self.box.width or size.height > self.box.height
        if is_enlarged and size == limited(self.box, enlarge=True):
            return "^max"
        return "^" * is_enlarged + f"{size.width},{size.height}"

    def _last(self) -> str:
        quality = "default" if self.quality == "color" else self.quality
        return f"{quality}.{self.format}"


def read_request(image: Size, region: str, size: str, rotation: str, last: str) -> ImageRequest:
    """Return what the four parameters of an image request ask of an image.

    Raises
    ------
    BadRequestError
        A parameter breaks its syntax or its bounds.
    """
    quality, _, format_name = last.rpartition(".")
    if quality not in QUALITIES:
        raise BadRequestError(
            f"found the quality {quality[:32]!r}, expected {', '.join(QUALITIES)}"
        )
    if format_name not in FORMATS:
        raise BadRequestError(
            f"found the format {format_name[:32]!r}, expected {', '.join(FORMATS)}"
        )
    box = read_region(region, image)
    is_mirrored, degrees = read_rotation(rotation)
    return ImageRequest(
        image, box, read_size(size, box), is_mirrored, degrees, quality, format_name
    )


def read_region(text: str, image: Size) -> Box:
    """Return the box of a region parameter, in whole pixels and cut at the edges of the image."""
    if text == "full":
        return Box.whole(image)
    if text == "square":
        side = min(image.width, image.height)
        return Box((image.width - side) // 2, (image.height - side) // 2, side, side)
    x, y, width, height = _region_pixels(text, image)
    if not width or not height:
        raise BadRequestError("the region has no width or no height")
    return Box(x, y, width, height).within(image)


def _region_pixels(text: str, image: Size) -> tuple[int, int, int, int]:
    kind, colon, values = text.rpartition(":")
    items = values.split(",")
    if len(items) != 4 or (colon and kind != "pct"):
        raise BadRequestError(
            f"found the region {text[:64]!r}, expected full, square, x,y,w,h or pct:x,y,w,h"
        )
    if not colon:
        x, y, width, height = (whole(item, "region") for item in items)
        return x, y, width, height
    across, down, wide, high = (_percent(item, "region") for item in items)
    x, y = round(image.width * across / 100), round(image.height * down / 100)
    return x, y, _share(image.width, wide), _share(image.height, high)


def _share(pixels: int, percent: float) -> int:
    """Return a share of pixels: none of none, but never none of some."""
    return max(round(pixels * percent / 100), 1) if percent else 0


def _percent(text: str, name: str) -> float:
    if not _PERCENT.fullmatch(text):
        raise BadRequestError(f"{name}: found {text[:32]!r}, expected a positive decimal number")
    return float(text)


def read_size(text: str, box: Box) -> Size:
    """Return the size in pixels that a size parameter gives to a region."""
    may_enlarge, asked = text.startswith("^"), text.removeprefix("^")
    size = _asked_size(asked, box, may_enlarge=may_enlarge)
    if not may_enlarge and (size.width > box.width or size.height > box.height):
        raise BadRequestError(
            f"found the size {text[:64]!r} for a region of {box.width} x {box.height}: "
            "begin it with ^ to enlarge"
        )
    return size.checked()


def _asked_size(text: str, box: Box, *, may_enlarge: bool) -> Size:
    if text == "max":
        return limited(box, enlarge=may_enlarge)
    if text.startswith("pct:"):
        percent = _percent(text.removeprefix("pct:"), "size")
        return _positive(box.width * percent / 100, box.height * percent / 100)
    is_confined = text.startswith("!")
    width, height = _width_and_height(text.removeprefix("!"))
    if is_confined:
        if width is None or height is None:
            raise BadRequestError(f"found the size {text[:64]!r}, expected !w,h")
        fit = fitted(box, Size(width, height), enlarge=may_enlarge)
        return fit if fit.pixels <= MOST_PIXELS else limited(box, enlarge=may_enlarge)
    if width is None:
        assert height is not None
        return Size(max(round(box.width * height / box.height), 1), height)
    return Size(width, height or max(round(box.height * width / box.width), 1))


def _positive(width: float, height: float) -> Size:
    if round(width) < 1 or round(height) < 1:
        raise BadRequestError("the picture would have less than a pixel")
    return Size(round(width), round(height))


def _width_and_height(text: str) -> tuple[int | None, int | None]:
    first, comma, second = text.partition(",")
    if not comma or not (first or second):
        raise BadRequestError(
            f"found the size {text[:64]!r}, expected max, w, or ,h or w,h or !w,h or pct:n, "
            "each with ^ before it to enlarge"
        )
    return tuple(whole(item, "size", least=1) if item else None for item in (first, second))  # type: ignore[return-value]


def read_rotation(text: str) -> tuple[bool, float]:
    """Return whether to mirror, and by how many degrees to turn clockwise afterwards."""
    is_mirrored, digits = text.startswith("!"), text.removeprefix("!")
    if not _DEGREES.fullmatch(digits) or float(digits) > 360:
        raise BadRequestError(
            f"found the rotation {text[:32]!r}, expected degrees from 0 to 360, "
            "with ! before them to mirror"
        )
    return is_mirrored, decimal(digits, "rotation") % 360
