# SPDX-License-Identifier: Apache-2.0
"""An index that was lost, and made anew without anything in it, is not taken for an empty archive.

What is stored would be gone for all who ask, and what they store meanwhile in the way of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.errors import DamagedIndexError

if TYPE_CHECKING:
    from pathlib import Path

    from tileserver.index import Index
    from tileserver.store import BlobStore

_COUNTED = 1000


def refuse_lost_index(store: BlobStore, index: Index, folder: Path) -> None:
    """Make sure that an index that never had anything in it is one where nothing is stored.

    Where all was deleted a file may have come back by a power cut: then nothing is lost. Not
    counted are what a crash has left of the first instances that were being stored, what is being
    stored, what is to be removed, and what was no instance when the index was made.

    Raises
    ------
    DamagedIndexError
        It lacks what is stored.
    """
    if not index.is_unused():
        return
    with index.knowing([]):  # until then nobody stores or deletes
        left_aside = index.left_aside()
        most = left_aside + _COUNTED
        found = len(store.keys_at_rest(most + 1)) if index.is_unused() else 0
    if found > left_aside:
        count = f"{found:,}" if found <= most else f"more than {most:,}"
        files = "file is" if found == 1 else "files are"
        raise DamagedIndexError(
            f"{count} stored {files} not in the index; run tileserver reindex --data {folder}"
        )
