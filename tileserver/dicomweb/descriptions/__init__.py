# SPDX-License-Identifier: Apache-2.0
"""What each DICOMweb service takes and gives: a table for each."""

from tileserver.dicomweb.descriptions.changes import CHANGES
from tileserver.dicomweb.descriptions.pictures import PICTURES
from tileserver.dicomweb.descriptions.retrieve import RETRIEVE
from tileserver.dicomweb.descriptions.search import SEARCH
from tileserver.dicomweb.descriptions.store import DELETE, STORE
from tileserver.dicomweb.descriptions.uri import URI

SERVICES = (SEARCH, RETRIEVE, PICTURES, STORE, DELETE, URI, CHANGES)

__all__ = ["SERVICES"]
