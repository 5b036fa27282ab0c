# SPDX-License-Identifier: Apache-2.0
"""What lies in an inbox, and by what it is known that it is still the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.errors import SourceError
from dicomizer.running.content import states_of
from dicomizer.sources.companions import find_slides

if TYPE_CHECKING:
    from pathlib import Path

    from dicomizer.running.content import States


def slides_in(inbox: Path, without: frozenset[Path]) -> dict[Path, States]:
    """Return the slides in an inbox with the states of their files, but for what just vanished."""
    found = {}
    for path in find_slides(inbox, without):
        try:
            found[path] = states_of(path)
        except SourceError:
            continue
    return found


def fingerprint(states: States) -> str:
    """Return what differs where any file of a slide was written or replaced."""
    return "|".join(map(str, states))


def fingerprint_at(path: Path) -> str | None:
    """Return the fingerprint of what lies at a path now; ``None`` for nothing."""
    try:
        return fingerprint(states_of(path))
    except SourceError:
        return None
