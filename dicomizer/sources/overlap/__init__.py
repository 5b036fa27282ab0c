# SPDX-License-Identifier: Apache-2.0
"""Scans whose stored tiles overlap: composed to tiles that do not, as they are asked for.

What the camera saw twice is stored twice, so such tiles cannot be passed through. `place` says
where each stored tile lies, `Layout` which of them a new tile shows, `DecodedTiles` decodes them,
and `ComposedImage` makes the frames.
"""

from dicomizer.sources.overlap.composed import ComposedImage
from dicomizer.sources.overlap.decoded import DecodedTiles
from dicomizer.sources.overlap.layout import Layout
from dicomizer.sources.overlap.pieces import Piece, Placed, lies_in_grid, place

__all__ = [
    "ComposedImage",
    "DecodedTiles",
    "Layout",
    "Piece",
    "Placed",
    "lies_in_grid",
    "place",
]
