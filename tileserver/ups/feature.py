# SPDX-License-Identifier: Apache-2.0
"""The parts of the worklist, put together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from tileserver.dicomweb.search_parameters import read_parameters
from tileserver.errors import BadRequestError, ConfigurationError
from tileserver.index import Level
from tileserver.ups.hub import Hub
from tileserver.ups.names import read_aetitle
from tileserver.ups.service import Worklist
from tileserver.ups.store import WorklistStore
from tileserver.ups.subscriptions import MOST_GLOBAL, Subscriptions

if TYPE_CHECKING:
    from tileserver.index import Condition
    from tileserver.settings import Settings

WORKLIST_FILE = "worklist.sqlite"


@dataclass(frozen=True, slots=True)
class Ups:
    """The worklist of a server: its verbs, its subscriptions, its connections."""

    worklist: Worklist
    subscriptions: Subscriptions
    hub: Hub
    store: WorklistStore

    @classmethod
    def open(cls, settings: Settings) -> Ups:
        """Open the worklist in the data folder, and tell its subscribers.

        Raises
        ------
        StorageError
            It cannot be used.
        ConfigurationError
            An AE title that is set is none.
        """
        fallback = _fallback_subscribers(settings)
        store = WorklistStore(settings.data / WORKLIST_FILE)
        worklist = Worklist(store, settings.keep_workitems_days, read_filter)
        subscriptions = Subscriptions(store, read_filter)
        subscriptions.tell_restart(fallback)
        return cls(worklist, subscriptions, Hub(store), store)

    def close(self) -> None:
        """Close the worklist."""
        self.store.close()


def _fallback_subscribers(settings: Settings) -> frozenset[str]:
    try:
        return frozenset(map(read_aetitle, settings.fallback_subscribers))
    except BadRequestError as error:
        raise ConfigurationError(f"fallback_subscribers: {error}") from error


@lru_cache(MOST_GLOBAL)
def read_filter(keys: tuple[tuple[str, str], ...]) -> tuple[Condition, ...]:
    """Return the conditions of matching keys; an attribute of a workitem has no level.

    Those of subscriptions are asked for with each change, and there are few of them.

    Raises
    ------
    BadRequestError
        A key makes no sense.
    """
    return read_parameters(Level.INSTANCE, keys, {}).conditions
