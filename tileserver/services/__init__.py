# SPDX-License-Identifier: Apache-2.0
"""The verbs of the server, without HTTP: the only way to store and index.

`Services` holds them together for whoever wires the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tileserver.services.ingest import Ingest
from tileserver.services.query import Query
from tileserver.services.render import Render
from tileserver.services.retrieve import Retrieve
from tileserver.services.transcode import Transcode

if TYPE_CHECKING:
    from tileserver.index import Index
    from tileserver.store import BlobStore

__all__ = ["Ingest", "Query", "Render", "Retrieve", "Services", "Transcode"]


@dataclass(frozen=True, slots=True)
class Services:
    """All verbs over one store and one index."""

    ingest: Ingest
    query: Query
    retrieve: Retrieve
    transcode: Transcode
    render: Render

    @classmethod
    def over(cls, store: BlobStore, index: Index) -> Services:
        """Return the verbs over a store and its index."""
        retrieve = Retrieve(store, index)
        transcode = Transcode(store, retrieve)
        return cls(Ingest(store, index), Query(index), retrieve, transcode, Render(store, index))
