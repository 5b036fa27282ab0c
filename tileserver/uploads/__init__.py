# SPDX-License-Identifier: Apache-2.0
"""Uploads of slide files that can be broken off and gone on with; each ends in a conversion."""

from tileserver.uploads.descriptions import UPLOADS
from tileserver.uploads.feature import Uploads
from tileserver.uploads.routes import routes

__all__ = ["UPLOADS", "Uploads", "routes"]
