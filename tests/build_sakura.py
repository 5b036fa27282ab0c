# SPDX-License-Identifier: Apache-2.0
"""Sakura svslide built by code: an SQLite database of grey JPEG, one for each channel of a tile."""

from __future__ import annotations

import contextlib
import sqlite3
import struct
from pathlib import Path

import imagecodecs
import numpy as np
import slides

TILE = 256
_TABLE = "Pixels"


def write_sakura(path: Path, *, size: tuple[int, int] = (700, 600)) -> slides.Pixels:
    """Write a slide of two levels; return the pixels before their coding."""
    pixels = slides.picture(*size)
    rows: list[tuple[str, bytes | str]] = [
        ("++MagicBytes", "SVGigaPixelImage"),
        ("++VersionBytes", "3.0.0"),
        ("Header", struct.pack("<5I", TILE, *size, 0, 1)),
    ]
    for factor in (1, 4):
        level = slides.reduced(pixels, factor)
        columns = -(-level.shape[1] // TILE)
        for number, tile in enumerate(slides.tiles_of(level, TILE)):
            row, column = divmod(number, columns)
            place = f"T;{column * TILE * factor}|{row * TILE * factor};{factor}"
            for color in range(3):
                channel = np.ascontiguousarray(tile[..., color])
                rows.append((f"{place};{color};0", imagecodecs.jpeg8_encode(channel, 95)))
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE DataManagerSQLiteConfigXPO (TableName TEXT)")
        database.execute("INSERT INTO DataManagerSQLiteConfigXPO VALUES (?)", (_TABLE,))
        database.execute(f"CREATE TABLE {_TABLE} (id TEXT, data BLOB)")
        database.executemany(f"INSERT INTO {_TABLE} VALUES (?, ?)", rows)
        _describe(database)
        database.commit()
    return pixels


def _describe(database: sqlite3.Connection) -> None:
    database.execute(
        "CREATE TABLE SVSlideDataXPO (OID INTEGER PRIMARY KEY, SlideId TEXT, Date TEXT, "
        "Description TEXT, Creator TEXT, DiagnosisCode TEXT, Keywords TEXT)"
    )
    database.execute(
        "INSERT INTO SVSlideDataXPO VALUES (1, 'S26-1234', '2026-03-17', '', 'lab', '', '')"
    )
    database.execute(
        "CREATE TABLE SVHRScanDataXPO (OID INTEGER PRIMARY KEY, ParentSlide INTEGER, ScanId TEXT, "
        "Date TEXT, Name TEXT, Description TEXT, ResolutionMmPerPix REAL, "
        "NominalLensMagnification REAL, FocussingMethod TEXT)"
    )
    database.execute(
        "INSERT INTO SVHRScanDataXPO VALUES (1, 1, 'scan', '', '', '', 0.00025, 40.0, 'auto')"
    )
