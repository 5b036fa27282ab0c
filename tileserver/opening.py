# SPDX-License-Identifier: Apache-2.0
"""Store, index and services over a data folder, opened and put together.

It is apart from the application, so that a process that answers no requests loads none of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pydicom.config

from tileserver.errors import StorageError
from tileserver.index import Index
from tileserver.services import Room, Services
from tileserver.services.lost_index import refuse_lost_index
from tileserver.services.unsettled import finish_unsettled
from tileserver.store import FolderBlobStore

if TYPE_CHECKING:
    from tileserver.settings import Settings

INDEX_FILE = "index.sqlite"


def open_services(settings: Settings, *, is_to_be_made: bool = False) -> tuple[Services, Index]:
    """Open store and index in the data folder, and return the verbs over them.

    Parameters
    ----------
    is_to_be_made
        Whether the index is about to be made anew, so that it may lack what is stored.

    Raises
    ------
    StorageError
        The folder cannot be used.
    DamagedIndexError
        The index has to be made anew.
    """
    read_tolerantly()
    store = FolderBlobStore(settings.data)
    index = Room(store).enough_for(lambda: Index(settings.data / INDEX_FILE))
    if not is_to_be_made:
        try:
            refuse_lost_index(store, index, settings.data)
        except StorageError:
            index.close()
            raise
    services = Services.over(store, index, settings)
    services.delete.finish_abandoned()
    finish_unsettled(store, index)
    return services, index


def read_tolerantly() -> None:
    """Keep pydicom from warning of values that break their VR: its warnings show the values."""
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
