# SPDX-License-Identifier: Apache-2.0
"""Other DICOMweb servers, whose answers are passed on: a fixed list, and only reading."""

from tileserver.origins.descriptions import ORIGINS
from tileserver.origins.peers import Peers
from tileserver.origins.routes import routes

__all__ = ["ORIGINS", "Peers", "routes"]
