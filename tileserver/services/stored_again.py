# SPDX-License-Identifier: Apache-2.0
"""Bytes that come again and again: known by their digest, they are neither read nor written.

Senders that are not sure send all of it once more. What an instance is, and what is odd about it,
is the same each time; whether it is still stored, the index is asked.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING

from tileserver.errors import StorageError
from tileserver.index import Remembered
from tileserver.services.oddities import Oddity

if TYPE_CHECKING:
    from collections.abc import Callable

    from tileserver.index import Index, StoredInstance
    from tileserver.services.ingest import Ingested
    from tileserver.services.soundness import Soundness
    from tileserver.store import Incoming

_MOST = 2048
"""Instances, of some 1.5 kB each."""
_OF_THIS_TIME = (Oddity.OTHER_BYTES_KEPT, Oddity.OTHER_PATIENT, Oddity.OTHER_STUDY)
"""What is not of the bytes, but of what else is stored."""


class StoredAgain:
    """Instances that were stored of late, by their digests; safe to use from several threads."""

    def __init__(self, index: Index, sound: Soundness) -> None:
        self._sound = sound
        self._stored = Remembered(index.version, index.find, _MOST)
        self._seen: OrderedDict[bytes, Ingested] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, incoming: Incoming, stored: Ingested) -> None:
        """Note what became of an instance."""
        if stored.warning in _OF_THIS_TIME:
            return
        with self._lock:
            self._seen[incoming.sha256] = replace(stored, is_new=False)
            if len(self._seen) > _MOST:
                self._seen.popitem(last=False)

    def find(self, incoming: Incoming, study_instance_uid: str | None) -> Ingested | None:
        """Return an instance of these very bytes, if it is known and stored; no file is read.

        Parameters
        ----------
        study_instance_uid
            Where given, the study that it must belong to.
        """
        return self._find_if(self._sound.is_known, incoming, study_instance_uid)

    def find_sound(self, incoming: Incoming, study_instance_uid: str | None) -> Ingested | None:
        """Return the same; its file is read where it was not of late."""
        return self._find_if(self._sound.is_sound, incoming, study_instance_uid)

    def _find_if(
        self,
        is_sound: Callable[[StoredInstance], bool],
        incoming: Incoming,
        study_instance_uid: str | None,
    ) -> Ingested | None:
        seen = self._seen.get(incoming.sha256)
        if seen is None or study_instance_uid not in (None, seen.study_instance_uid):
            return None
        stored = self._stored.get(seen.sop_instance_uid)
        if stored is None or stored.sha256 != incoming.sha256:
            return None
        try:
            return seen if is_sound(stored) else None
        except StorageError:  # told when it is stored again
            return None
