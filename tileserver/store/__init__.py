# SPDX-License-Identifier: Apache-2.0
"""Keeps Part 10 files as received; knows nothing of what is in them."""

from tileserver.store.base import Blob, BlobState, BlobStore, Incoming
from tileserver.store.folder import FolderBlobStore, has_store
from tileserver.store.listing import is_key
from tileserver.store.unsettled import Unsettled

__all__ = [
    "Blob",
    "BlobState",
    "BlobStore",
    "FolderBlobStore",
    "Incoming",
    "Unsettled",
    "has_store",
    "is_key",
]
