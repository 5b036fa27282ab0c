# SPDX-License-Identifier: Apache-2.0
"""Tags of NDPI directories that are read.

Hamamatsu publishes no description; OpenSlide, Bio-Formats and tifffile have found these out.
"""

from __future__ import annotations

from enum import IntEnum


class Tag(IntEnum):
    """TIFF 6.0 section 8 up to 306, then those of Hamamatsu."""

    WIDTH = 256
    HEIGHT = 257
    COMPRESSION = 259
    PHOTOMETRIC = 262
    MAKE = 271
    MODEL = 272
    OFFSETS = 273
    BYTE_COUNTS = 279
    X_RESOLUTION = 282
    Y_RESOLUTION = 283
    RESOLUTION_UNIT = 296
    SOFTWARE = 305
    DATE_TIME = 306
    FORMAT = 65420
    """In every directory of an NDPI file and in no other TIFF."""
    LENS = 65421
    """Magnification of a level; -1 for the macro image, -2 for the map."""
    X_OFFSET = 65422
    Y_OFFSET = 65423
    """Nanometres from the centre of the glass to that of the image, to the right and down."""
    Z_OFFSET = 65424
    """Nanometres, of a focal plane."""
    TISSUE = 65425
    """Which area of the glass a level belongs to."""
    STARTS = 65426
    """Place of each restart interval in the stream: low words."""
    REFERENCE = 65427
    """What the user called the slide."""
    STARTS_HIGH = 65432
    FILTER_SET = 65434
    CAPTURE_MODE = 65441
    """0 is brightfield."""
    SERIAL_NUMBER = 65442
    PROPERTIES = 65449
    EMISSION = 65451
    """Nanometres."""
    EXPOSURE = 65454
    """Microseconds."""
    BARCODE = 65468
    """The first of eight."""
