# SPDX-License-Identifier: Apache-2.0
"""The child process that calls OpenSlide; see `dicomizer.sources.worker`.

The first request opens a slide: ``{"path", "vendors"}``, the latter naming those to open.
Then there are ``{"level", "regions", "tile"}`` for pixels, each region ``(x, y, width, height)``
with its corner in level 0 and its size in the level's pixels; ``{"level", "coverage"}`` for the
alpha of one region; ``{"associated"}`` for an image by its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openslide
from PIL import Image, ImageColor

from dicomizer.sources.worker.child import serve
from dicomizer.sources.worker.messages import Message

if TYPE_CHECKING:
    from collections.abc import Mapping

_WHITE = "FFFFFF"


class OpenSlideReader:
    """Answers requests about one slide."""

    def __init__(self) -> None:
        self._slide: Any = None
        self._background = (255, 255, 255)

    def answer(self, request: Message) -> Message:
        """Return the reply to a request."""
        values: Mapping[str, Any] = request.values
        if "path" in values:
            return Message(self._open(values["path"], values["vendors"]))
        if "associated" in values:
            return Message({}, self._opaque(self._slide.associated_images[values["associated"]]))
        if "coverage" in values:
            return Message({}, self._read(values["level"], values["coverage"]).tobytes("raw", "A"))
        width, height = values["tile"]
        regions = (self._read(values["level"], region) for region in values["regions"])
        return Message({}, b"".join(self._tile(item, width, height) for item in regions))

    def _open(self, path: str, vendors: list[str]) -> dict[str, object]:
        vendor = openslide.OpenSlide.detect_format(path)
        if vendor not in vendors:
            return {"vendor": vendor}
        self._slide = openslide.OpenSlide(path)
        properties = dict(self._slide.properties)
        color = properties.get(openslide.PROPERTY_NAME_BACKGROUND_COLOR, _WHITE)
        self._background = ImageColor.getrgb(f"#{color}")[:3]
        profile = self._slide.color_profile
        return {
            "vendor": vendor,
            "version": openslide.__library_version__,
            "sizes": self._slide.level_dimensions,
            "properties": properties,
            "associated": {name: self._profile(name) for name in self._slide.associated_images},
            "icc_profile": profile.tobytes().hex() if profile else "",
        }

    def _profile(self, name: str) -> str:
        """Return the colour profile of an associated image in hexadecimal digits."""
        if f"openslide.associated.{name}.icc-size" not in self._slide.properties:
            return ""
        profile: bytes = self._slide.associated_images[name].info.get("icc_profile", b"")
        return profile.hex()

    def _read(self, level: int, region: list[int]) -> Any:
        x, y, width, height = region
        return self._slide.read_region((x, y), level, (width, height))

    def _tile(self, image: Any, width: int, height: int) -> bytes:
        """Return a tile of full size; beyond the image its last pixels are repeated."""
        if image.size == (width, height):
            return self._opaque(image)
        size = image.size
        tile = Image.frombytes("RGB", size, self._opaque(image))
        tile = tile.crop((0, 0, width, height))
        if size[0] < width:
            edge = tile.crop((size[0] - 1, 0, size[0], height))
            tile.paste(edge.resize((width - size[0], height)), (size[0], 0))
        if size[1] < height:
            edge = tile.crop((0, size[1] - 1, width, size[1]))
            tile.paste(edge.resize((width, height - size[1])), (0, size[1]))
        return tile.tobytes()

    def _opaque(self, image: Any) -> bytes:
        """Return (rows, columns, 3) uint8 RGB; what was not scanned has the background's colour."""
        image = image.convert("RGBA")
        alpha = image.getchannel("A")
        if alpha.getextrema()[0] < 255:
            opaque = Image.new("RGBA", image.size, self._background)
            opaque.paste(image, mask=alpha)
            image = opaque
        pixels: bytes = image.tobytes("raw", "RGB")
        return pixels


if __name__ == "__main__":
    serve(OpenSlideReader().answer)
