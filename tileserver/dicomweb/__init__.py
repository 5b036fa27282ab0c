# SPDX-License-Identifier: Apache-2.0
"""DICOMweb: HTTP to services and back; one module per service of PS3.18."""

from tileserver.dicomweb import capabilities
from tileserver.dicomweb.descriptions import SERVICES
from tileserver.dicomweb.routes import routes

__all__ = ["SERVICES", "capabilities", "routes"]
