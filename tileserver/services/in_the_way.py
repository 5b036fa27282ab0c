# SPDX-License-Identifier: Apache-2.0
"""Files under the key of an instance that the index does not know.

Such as one that is being stored at the moment, one that was damaged, so that a new index has left
it aside, or one that an index from a backup does not have yet. None of them may lock its UID.
"""

from __future__ import annotations

import contextlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tileserver.errors import ConflictError, InvalidInstanceError, LostBlobError
from tileserver.services.records import digest_of, keys_of, read_record
from tileserver.services.soundness import raise_unless_damaged

if TYPE_CHECKING:
    from tileserver.index import Index, InstanceRecord
    from tileserver.store import Blob, BlobStore

_logger = logging.getLogger(__name__)


def make_way(store: BlobStore, index: Index, key: str) -> None:
    """Take what is under a key into the index, or put it aside where it is no instance of the key.

    What the index names, or is to be removed, is left as it is.

    Raises
    ------
    StorageError
        It cannot be read or moved.
    """
    found = store.state(key)
    if found is None or key in store.condemned_keys():
        return
    try:
        with store.open(key) as blob:
            record = _record(key, blob)
    except LostBlobError:
        return
    if record is not None:
        with contextlib.suppress(ConflictError):  # somebody else was sooner
            index.add(replace(record, key=key))
        return
    with index.knowing([key]) as known:
        if not known and store.put_aside(key, found):
            _logger.warning("blob %s was no instance of its name: moved to quarantine", key)


def _record(key: str, blob: Blob) -> InstanceRecord | None:
    try:
        record, _ = read_record(blob.file(), digest_of(blob), blob.size)
    except InvalidInstanceError:
        return None
    except OSError as error:
        raise_unless_damaged(key, error)
        return None
    return record if key in keys_of(record) else None
