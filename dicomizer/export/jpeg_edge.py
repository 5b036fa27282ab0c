# SPDX-License-Identifier: Apache-2.0
"""A JPEG stream without what lies to the right of a column and below a row, never coded anew.

References
----------
ITU-T T.81 A.2 (MCUs), E.2.5 (what a decoder leaves aside beyond the size in the frame header)
"""

from __future__ import annotations

import re

from dicomizer.pixels.codecs import jpeg
from dicomizer.pixels.codecs.jpeg_cut import JpegCutter, sized_header
from dicomizer.pixels.codecs.jpeg_cut_grid import CutGrid, restart_interval

_RESTART = re.compile(rb"\xff[\xd0-\xd7]")


def corner(stream: bytes, width: int, height: int) -> bytes:
    """Return the top left corner of a stream: the same coefficients in a smaller picture.

    Raises
    ------
    JpegError
        The stream is none that can be cut.
    """
    header = jpeg.read_header(stream)
    ycbcr = jpeg.decoder_takes_for_ycbcr(header.segments, header.frame) is not False
    single = len(header.frame.sampling) == 1
    mcu_width, mcu_height = (8, 8) if single else header.frame.mcu_size
    across, down = -(-header.frame.width // mcu_width), -(-header.frame.height // mcu_height)
    grid = CutGrid(
        mcu_width,
        mcu_height,
        across,
        down,
        interval=restart_interval(header) or across * down,
        tile_across=-(-width // mcu_width),
        tile_down=-(-height // mcu_height),
    )
    end = jpeg.end_of_image(stream, header.length)
    if end is None:
        raise jpeg.JpegError("the JPEG stream has no end (EOI)")
    intervals = _RESTART.split(stream[header.length : end - len(jpeg.EOI)])
    if len(intervals) != grid.number_of_intervals:
        raise jpeg.JpegError(
            f"found {len(intervals)} restart intervals, expected {grid.number_of_intervals}"
        )
    cutter = JpegCutter(header, grid, ycbcr=ycbcr)
    needed = {number: intervals[number] for number in grid.intervals_of_tile(0)}
    cut = cutter.cut(0, cutter.find_blocks(needed))
    found = jpeg.read_header(cut)
    return sized_header(found, width, height, ycbcr=ycbcr) + cut[found.length :]
