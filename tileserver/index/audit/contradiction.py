# SPDX-License-Identifier: Apache-2.0
"""A place where an index contradicts itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A place where an index contradicts itself.

    Parameters
    ----------
    level
        ``study``, ``series``, ``instance`` or ``changes``.
    uid
        What it is about, where that can be told.
    names
        Columns, tables or, of the change feed, a sentence. Never a value.
    """

    level: str
    uid: str | None
    names: tuple[str, ...]
