# SPDX-License-Identifier: Apache-2.0
"""Slides that somebody wants tried again: which they are, and the word of it to the service.

Only the journal is written, in one transaction for each slide. Files are moved by the service
alone, now or when it is started, each step of it known to the journal before; so whoever asks may
be killed at any moment, and ask twice.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dicomizer.errors import SourceError, TargetError
from dicomizer.targets.folder import locked
from dicomizer.watch.journal import State
from dicomizer.watch.seen import fingerprint_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dicomizer.watch.journal import Journal, Record

_LEAST_DIGITS = 8
"""Of a digest that stands for a slide."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A slide that somebody wants tried again.

    Parameters
    ----------
    record
        What was known of it before.
    problem
        Why it is not tried; ``None`` where it is.
    """

    record: Record
    problem: str | None


def try_again(journal: Journal, inbox: Path, slides: Sequence[str]) -> list[Asked]:
    """Have slides tried again now, all that were given up or wait where none are named.

    Parameters
    ----------
    slides
        Each by its name when it came, its path, its file's name, or the beginning of its SHA-256.

    Raises
    ------
    SourceError
        A name is that of no slide that was given up or waits; then nothing is done.
    """
    waiting = journal.waiting()
    chosen = _chosen(waiting, inbox, slides) if slides else waiting
    return [Asked(record, _tried(journal, inbox, record)) for record in chosen]


def is_served(inbox: Path) -> bool | None:
    """Tell whether a service works at an inbox; ``None`` where the file system does not tell.

    Raises
    ------
    TargetError
        The inbox cannot be opened.
    """
    try:
        lock = locked(inbox)
    except TargetError:
        return True
    except OSError as error:
        raise TargetError(
            f"the inbox cannot be opened: {error.strerror or error}",
            file=inbox,
            remedy="check the path, and whether its disk or share is mounted",
        ) from error
    if lock is None:
        return None
    os.close(lock)
    return False


def _chosen(waiting: Sequence[Record], inbox: Path, slides: Sequence[str]) -> list[Record]:
    found: dict[str, Record] = {}
    for slide in slides:
        fitting = {item.content: item for item in waiting if _is_meant(item, inbox, slide)}
        if not fitting:
            raise SourceError(
                "no slide of this name has failed or waits",
                file=slide,
                remedy="see dicomizer watch status for their names",
            )
        found |= fitting
    return list(found.values())


def _is_meant(record: Record, inbox: Path, text: str) -> bool:
    names = {record.name, record.path, Path(record.name).name}
    paths = {(inbox / name).absolute() for name in (record.name, record.path)}
    is_digest = len(text) >= _LEAST_DIGITS and record.content.startswith(text.lower())
    return text in names or Path(text).absolute() in paths or is_digest


def _tried(journal: Journal, inbox: Path, record: Record) -> str | None:
    """Have a slide tried again; return why it cannot be."""
    source = inbox / record.path
    if record.state is State.FAILED:
        if not record.is_settled:
            journal.change(record.content, next_try=0)
            return "it is just being put aside; ask again in a moment"
        found = fingerprint_at(source)
        if found is None:
            return "it is not there any more; bring it to the inbox again"
        if found != record.fingerprint:
            return "it has changed since; move it to the inbox, where it is taken as another slide"
    if not journal.try_again(record):
        return "the service has just gone on with it"
    return None
