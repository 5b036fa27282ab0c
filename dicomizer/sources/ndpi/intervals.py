# SPDX-License-Identifier: Apache-2.0
"""Where each restart interval of a stream begins: from the tags, or by searching the stream."""

from __future__ import annotations

import os
import re
from itertools import chain, islice
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from dicomizer.sources.ndpi.directory import Extent
    from dicomizer.sources.ndpi.stored import StoredJpeg

_CHUNK = 8 << 20
_MARKER = re.compile(rb"\xff[\xd0-\xd7]")
"""Within entropy-coded bytes 0xFF is escaped, so that this is a restart marker."""


def interval_starts(descriptor: int, stored: StoredJpeg, path: Path) -> NDArray[np.int64]:
    """Return where restart intervals begin in the file, and at last where the stream ends.

    What the tags say is taken where it can be; whether a marker stands before each place is seen
    when the intervals are read. Some files have no such tags, or too few places in them.

    Returns
    -------
    starts
        (intervals + 1,), int64, ascending.

    Raises
    ------
    CorruptSourceError
        The stream has another number of intervals than its size asks for.
    """
    import numpy as np

    places = _told(descriptor, stored)
    if not _is_possible(places, stored):
        places = _searched(descriptor, stored)
    if not _is_possible(places, stored):
        raise CorruptSourceError(
            f"found {len(places)} restart intervals, expected {stored.number_of_intervals} "
            f"of {stored.most_interval_bytes} bytes at most",
            file=path,
            place=stored.place,
            remedy="the file is damaged; copy it again",
        )
    return np.append(places, stored.length) + stored.offset


def _is_possible(places: NDArray[np.int64], stored: StoredJpeg) -> bool:
    """Tell whether these can be the places in the stream of all its intervals."""
    import numpy as np

    expected = stored.number_of_intervals
    if len(places) != expected or places[0] != stored.header.length:
        return False
    lengths = np.diff(places, append=stored.length)
    return bool(lengths.min() > 0 and lengths.max() <= stored.most_interval_bytes)


def _told(descriptor: int, stored: StoredJpeg) -> NDArray[np.int64]:
    low, high = _numbers(descriptor, stored.starts), _numbers(descriptor, stored.starts_high)
    return low + (high << 32) if len(high) == len(low) else low


def _numbers(descriptor: int, extent: Extent | None) -> NDArray[np.int64]:
    import numpy as np

    if extent is None:
        return np.zeros(0, np.int64)
    layout = np.dtype(extent.layout)
    data = os.pread(descriptor, extent.count * layout.itemsize, extent.offset)
    whole = len(data) // layout.itemsize * layout.itemsize
    return np.frombuffer(data[:whole], layout).astype(np.int64)


def _searched(descriptor: int, stored: StoredJpeg) -> NDArray[np.int64]:
    """Find the markers; one more than there should be is enough to see that it is wrong."""
    import numpy as np

    expected = stored.number_of_intervals
    behind = (marker + 2 for marker in islice(_markers(descriptor, stored), expected))
    places = chain([stored.header.length], behind)
    return np.fromiter(places, np.int64)


def _markers(descriptor: int, stored: StoredJpeg) -> Iterator[int]:
    """Yield the place in the stream of each restart marker."""
    for start in range(stored.header.length, stored.length, _CHUNK):
        # One byte more, for a marker across the end of a chunk.
        length = min(_CHUNK + 1, stored.length - start)
        data = os.pread(descriptor, length, stored.offset + start)
        yield from (start + match.start() for match in _MARKER.finditer(data))
