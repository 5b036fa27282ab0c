# SPDX-License-Identifier: Apache-2.0
"""What the server answers, told to machines: an OpenAPI document and DICOMweb capabilities.

Each service has a table of operations beside its routes; all documents are made from these.
"""

from tileserver.described.model import Answer, Operation, Parameter, Place, Service
from tileserver.described.openapi import openapi
from tileserver.described.routes import ABOUT_ITSELF, allowed_methods, routes

__all__ = [
    "ABOUT_ITSELF",
    "Answer",
    "Operation",
    "Parameter",
    "Place",
    "Service",
    "allowed_methods",
    "openapi",
    "routes",
]
