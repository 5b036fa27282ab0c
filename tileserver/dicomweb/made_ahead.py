# SPDX-License-Identifier: Apache-2.0
"""Answers that are made of stored pixels: whether these are sound shows only while it is made.

What is small is made whole before its answer begins, so that a damaged frame is told by a status;
of what is large, the beginning.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from tileserver.dicomweb.responses import beginning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tileserver.dicomweb.responses import Part

_MOST = 16 << 20
"""Bytes that are made before they are sent."""


def made_ahead(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Return the same pieces, the first of which are made; raises what making them raises."""
    begun, _ = beginning(pieces, _MOST)
    return chain(begun, pieces)


def parts_made_ahead(parts: Iterator[Part]) -> Iterator[Part]:
    """Return the same parts, the first of which are begun; raises what beginning them raises."""
    begun: list[Part] = []
    size = 0
    for part in parts:
        begun.append(part)
        size += part.length
        if size >= _MOST:
            break
    return chain(begun, parts)
