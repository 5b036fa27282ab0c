# SPDX-License-Identifier: Apache-2.0
"""Pictures of slides beside DICOMweb: IIIF, Deep Zoom, XYZ tiles, and regions in micrometres."""

from tileserver.tiles.descriptions import TILES
from tileserver.tiles.routes import routes

__all__ = ["TILES", "routes"]
