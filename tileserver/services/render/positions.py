# SPDX-License-Identifier: Apache-2.0
"""Where each sparse frame says that it is, out of stored DICOM JSON.

References
----------
PS3.3 C.8.12.6.1 (Plane Position (Slide)), C.8.12.6.2 (Optical Path Identification)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tileserver.services.render import attributes as read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tileserver.services.render.attributes import Attributes


@dataclass(frozen=True, slots=True, eq=False)
class FramePositions:
    """Where frames are.

    Parameters
    ----------
    columns, rows
        ``(frames,)`` int64; of the top left pixel in the total pixel matrix, from 1.
    z_um
        Height of the focal plane of each.
    paths
        Identifier of the optical path of each; ``None`` where the frame does not say.
    """

    columns: NDArray[np.int64] = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)
    z_um: Sequence[float] = field(repr=False)
    paths: Sequence[str | None] = field(repr=False)

    def __len__(self) -> int:
        return len(self.columns)


def positions_of(items: Sequence[Attributes]) -> FramePositions | None:
    """Return the positions in functional groups; ``None`` where one of them has none."""
    planes = [read.first(item, "PlanePositionSlideSequence") for item in items]
    columns = [read.whole(plane, "ColumnPositionInTotalImagePixelMatrix") for plane in planes]
    rows = [read.whole(plane, "RowPositionInTotalImagePixelMatrix") for plane in planes]
    if not items or None in columns or None in rows:
        return None
    identifications = (read.first(item, "OpticalPathIdentificationSequence") for item in items)
    return FramePositions(
        np.array(columns, dtype=np.int64),
        np.array(rows, dtype=np.int64),
        [read.number(plane, "ZOffsetInSlideCoordinateSystem") or 0.0 for plane in planes],
        [read.text(item, "OpticalPathIdentifier") for item in identifications],
    )
