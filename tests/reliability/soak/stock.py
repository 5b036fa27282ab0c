# SPDX-License-Identifier: Apache-2.0
"""Instances that come and go while others read: of some sizes, each with bytes of its own."""

from __future__ import annotations

import functools
import io
import random
import threading

import coded_frames
import instances
import picture_archive
import pydicom
from pydicom.dataset import FileDataset
from reliability.ledger import Ledger, Name, file_of, renamed

_VERSIONS = 20
_SLIDE, _LONG, _CODED = 0, 1, 2
_KINDS = 8
_LONG_BYTES = 600 << 10
"""More than is held in memory while it is received, or hashed without a thread."""


def file(name: Name, other: int = 0) -> bytes:
    """Return the file of an instance; ``other`` gives one that contradicts it."""
    version = (name.number + other) % _VERSIONS
    kind = name.study % _KINDS
    if kind == _SLIDE:
        return renamed(_slide(version), name)
    if kind == _CODED:
        return renamed(_coded(version), name)
    if kind == _LONG:
        return file_of(name, version) + _padding(name)
    return file_of(name, version)


def is_coded(name: Name) -> bool:
    """Tell whether an instance is decoded by a process of its own."""
    return name.study % _KINDS == _CODED


def is_slide(name: Name) -> bool:
    """Tell whether an instance has tiles of which pictures can be made."""
    return name.study % _KINDS == _SLIDE


FRAMES = picture_archive.LEVEL_FRAMES[0]
"""Of each slide, as they are stored."""


@functools.cache
def _slide(version: int) -> bytes:
    return _template(pydicom.dcmread(io.BytesIO(picture_archive.build()[0])), version)


@functools.cache
def _coded(version: int) -> bytes:
    stream, _, _ = coded_frames.CASES["JPEG 2000"]
    found = instances.slide([stream], coded_frames.JPEG_2000, PhotometricInterpretation="YBR_RCT")
    found.Rows, found.Columns, _ = coded_frames.PLAIN.shape
    del found.TotalPixelMatrixColumns, found.TotalPixelMatrixRows
    return _template(found, version)


def _template(found: FileDataset, version: int) -> bytes:
    found.StudyInstanceUID, found.SeriesInstanceUID, found.SOPInstanceUID = Name(0, 0).uids
    found.PatientComments = f"version {version:04}"
    return instances.written(found)


def _padding(name: Name) -> bytes:
    """Return Data Set Trailing Padding (FFFC,FFFC), which ends a file (PS3.10 7.2)."""
    value = random.Random(name.study).randbytes(_LONG_BYTES)
    return b"\xfc\xff\xfc\xffOB\0\0" + len(value).to_bytes(4, "little") + value


class Stock:
    """What is stored and not deleted, as far as it was acknowledged."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._there: list[Name] = []
        self._lock = threading.Lock()

    def stored(self, names: list[Name]) -> None:
        """Note that instances were acknowledged."""
        with self._lock:
            for name in names:
                self.ledger.must(name, file(name))
            self._there += names

    def perhaps(self, names: list[Name]) -> None:
        """Note instances of which nobody heard whether they were stored."""
        with self._lock:
            for name in names:
                self.ledger.may(name, file(name))

    def deleting(self, names: list[Name]) -> None:
        """Note what is about to be deleted."""
        with self._lock:
            self._there = [name for name in self._there if name not in names]
            for name in names:
                self.ledger.may(name, None)

    def deleted(self, names: list[Name]) -> None:
        """Note that a deletion was acknowledged."""
        with self._lock:
            for name in names:
                self.ledger.must(name, None)

    def any(self, rng: random.Random) -> Name | None:
        """Return one that is there, or was a moment ago."""
        with self._lock:
            return rng.choice(self._there) if self._there else None

    def there(self) -> list[Name]:
        """Return all that are there."""
        with self._lock:
            return list(self._there)
