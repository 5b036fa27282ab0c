# SPDX-License-Identifier: Apache-2.0
"""Keeps Part 10 files as received; knows nothing of what is in them."""

from tileserver.store.base import Blob, BlobStore, Incoming
from tileserver.store.folder import FolderBlobStore, has_store
from tileserver.store.listing import is_key

__all__ = ["Blob", "BlobStore", "FolderBlobStore", "Incoming", "has_store", "is_key"]
