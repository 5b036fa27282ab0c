# SPDX-License-Identifier: Apache-2.0
"""The verbs of the server, without HTTP: the only way to store and index.

`Services` holds them together for whoever wires the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tileserver.decoding import Decoders
from tileserver.services.changes import Changes
from tileserver.services.delete import Delete
from tileserver.services.ingest import Ingest
from tileserver.services.query import Query
from tileserver.services.reindex import Reindexed
from tileserver.services.render import Render
from tileserver.services.retrieve import Retrieve
from tileserver.services.room import Room
from tileserver.services.status import Status
from tileserver.services.transcode import Transcode

if TYPE_CHECKING:
    from tileserver.index import Index
    from tileserver.settings import Settings
    from tileserver.store import BlobStore

__all__ = [
    "Changes",
    "Delete",
    "Ingest",
    "Query",
    "Reindexed",
    "Render",
    "Retrieve",
    "Room",
    "Services",
    "Status",
    "Transcode",
]


@dataclass(frozen=True, slots=True)
class Services:
    """All verbs over one store and one index."""

    ingest: Ingest
    query: Query
    retrieve: Retrieve
    render: Render
    transcode: Transcode
    delete: Delete
    changes: Changes
    status: Status
    room: Room
    decoders: Decoders

    def close(self) -> None:
        """Close the files, threads and processes that are kept for the next request."""
        self.retrieve.close()
        self.render.close()
        self.decoders.close()

    @classmethod
    def over(cls, store: BlobStore, index: Index, settings: Settings) -> Services:
        """Return the verbs over a store and its index."""
        retrieve, decoders = Retrieve(store, index), Decoders()
        return cls(
            Ingest(store, index, decoders, settings.duplicates),
            Query(index),
            retrieve,
            Render(store, index, decoders),
            Transcode(store, retrieve, decoders),
            Delete(store, index, is_allowed=settings.is_deleting_allowed),
            Changes(index),
            Status(store, index),
            Room(store),
            decoders,
        )
