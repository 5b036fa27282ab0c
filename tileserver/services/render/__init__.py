# SPDX-License-Identifier: Apache-2.0
"""Pictures of stored instances: frames, regions of a matrix or of a pyramid, in any colours."""

from tileserver.services.render.encode import DEFAULT_QUALITY, MEDIA_TYPES, encode
from tileserver.services.render.image import SpacingUm, StoredImage
from tileserver.services.render.look import (
    Channel,
    IccChoice,
    Look,
    Picture,
    Window,
    WindowFunction,
)
from tileserver.services.render.pyramid import Level, Pyramid
from tileserver.services.render.region import PICTURE_PIXELS, Region, Size
from tileserver.services.render.render import Render
from tileserver.services.render.work import decoded_pixels

__all__ = [
    "DEFAULT_QUALITY",
    "MEDIA_TYPES",
    "PICTURE_PIXELS",
    "Channel",
    "IccChoice",
    "Level",
    "Look",
    "Picture",
    "Pyramid",
    "Region",
    "Render",
    "Size",
    "SpacingUm",
    "StoredImage",
    "Window",
    "WindowFunction",
    "decoded_pixels",
    "encode",
]
