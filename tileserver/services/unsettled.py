# SPDX-License-Identifier: Apache-2.0
"""What a crash has left of instances that were being stored is settled, one way or the other.

What is whole is stored: whether it was acknowledged cannot be told from the disk alone, as where
the index was lost. All else goes.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tileserver.errors import ConflictError, InvalidInstanceError, StorageError
from tileserver.services.records import keys_of, read_record

if TYPE_CHECKING:
    from tileserver.index import Index, InstanceRecord
    from tileserver.store import BlobStore, Unsettled

_logger = logging.getLogger(__name__)
_CHUNK = 1 << 20


def finish_unsettled(store: BlobStore, index: Index) -> None:
    """Settle what processes that ended have left, while others store."""
    for unsettled in store.unsettled():
        try:
            record, _ = read_record(unsettled.file(), _digest(unsettled), unsettled.size)
            for key in keys_of(record):
                _settle(store, index, unsettled, replace(record, key=key))
        except (InvalidInstanceError, StorageError) as error:
            _logger.warning("an instance that was being stored is left alone: %s", error)
        else:
            unsettled.forget()


def _settle(store: BlobStore, index: Index, unsettled: Unsettled, record: InstanceRecord) -> None:
    """See to it that the blob under a key is named by the index, or is not there."""
    stored = index.find(record.sop_instance_uid)
    # In this order: a deletion writes down, forgets, and removes.
    if record.key in store.condemned_keys() or not unsettled.is_under(record.key):
        return
    if stored is None:
        unsettled.put_again(record.key)
        with contextlib.suppress(ConflictError):  # somebody has stored it meanwhile
            index.add(record)
    elif stored.key != record.key and store.has(stored.key):
        with index.knowing([record.key]) as known:
            store.remove({record.key}.difference(known))


def _digest(unsettled: Unsettled) -> bytes:
    digest, file = hashlib.sha256(), unsettled.file()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.digest()
