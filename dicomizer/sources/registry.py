# SPDX-License-Identifier: Apache-2.0
"""Which reader opens a file: each is asked in turn and says why it refuses."""

from __future__ import annotations

import importlib
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from dicomizer.errors import (
    CorruptSourceError,
    SourceError,
    SourceNotFoundError,
    UnsupportedSourceError,
)
from dicomizer.sources.base import AnotherFormat, Refusal
from dicomizer.sources.folders import one_slide_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dicomizer.sources.base import SlideSource

    Reader = Callable[[Path], SlideSource]


@dataclass(frozen=True, slots=True)
class _Format:
    """A format, and how a file of it begins.

    Parameters
    ----------
    reader
        Module and class; imported only when a file may be of the format.
    signature, offset
        What stands where in a file, one of several; empty where only the reader knows.
    """

    name: str
    reader: str
    signature: tuple[bytes, ...] = ()
    offset: int = 0

    def may_be(self, beginning: bytes) -> bool:
        """Tell whether a file that begins so may be of the format."""
        return not self.signature or beginning[self.offset :].startswith(self.signature)

    def load(self) -> Reader:
        """Import the reader."""
        module, _, attribute = self.reader.partition(":")
        return cast("Reader", getattr(importlib.import_module(module), attribute))


_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_DICOM = _Format("DICOM WSI", "dicomizer.sources.dicom_wsi:DicomWsiSource", (b"DICM",), 128)
_FORMATS = (
    _DICOM,
    _Format("Aperio SVS", "dicomizer.sources.svs:SvsSource", _TIFF),
    _Format("Hamamatsu NDPI", "dicomizer.sources.ndpi:NdpiSource", _TIFF),
    _Format("Philips TIFF", "dicomizer.sources.philips:PhilipsSource", _TIFF),
    _Format("Leica SCN", "dicomizer.sources.scn:ScnSource", _TIFF),
    _Format("Ventana", "dicomizer.sources.ventana:VentanaSource", _TIFF),
    _Format("Trestle", "dicomizer.sources.trestle:TrestleSource", _TIFF),
    _Format("QPTIFF", "dicomizer.sources.qptiff:QptiffSource", _TIFF),
    _Format("OME-TIFF", "dicomizer.sources.ome:OmeSource", _TIFF),
    _Format("Olympus VSI", "dicomizer.sources.vsi:VsiSource", _TIFF),
    _Format("TIFF", "dicomizer.sources.generic_tiff:GenericTiffSource", _TIFF),
    _Format("Zeiss CZI", "dicomizer.sources.czi:CziSource", (b"ZISRAWFILE",)),
    _Format("Philips iSyntax", "dicomizer.sources.isyntax:IsyntaxSource"),
    _Format("flat image", "dicomizer.sources.flat:FlatSource"),
    _Format("OpenSlide", "dicomizer.sources.openslide:OpenSlideSource"),
)
"""Most specific first. DICOM comes before all TIFF, since a file may be both."""
_BEGINNING = 132


def open_source(path: Path) -> SlideSource:
    """Open a slide file, or a folder of DICOM, with the first reader that takes it.

    Raises
    ------
    SourceNotFoundError
        There is no such file.
    UnsupportedSourceError
        No reader takes it; the message has each reader's reason.
    SourceError
        The file cannot be read, or contradicts itself.
    """
    beginning = _beginning(path)
    refusals: dict[str, str] = {}
    recognised: dict[str, str] = {}
    for item in _FORMATS if beginning is not None else (_DICOM,):
        if beginning is not None and not item.may_be(beginning):
            refusals[item.name] = "the file does not begin so"
            continue
        try:
            return _open(item.load(), path)
        except Refusal as refusal:
            refusals[item.name] = str(refusal)
            if not isinstance(refusal, AnotherFormat):
                recognised[item.name] = str(refusal)
        except CorruptSourceError as error:
            # The reader of last resort cannot know better than that of the format.
            if item is not _FORMATS[-1] or not recognised:
                raise
            refusals[item.name] = error.problem
    remedy = one_slide_of(path) if beginning is None else None
    raise UnsupportedSourceError(path, refusals, recognised, remedy=remedy)


def open_with(reader: Reader, path: Path) -> SlideSource:
    """Open a slide file with the reader of a format.

    Raises
    ------
    SourceNotFoundError, UnsupportedSourceError, SourceError
        As from `open_source`.
    """
    _beginning(path)
    try:
        return _open(reader, path)
    except Refusal as refusal:
        names = [item.name for item in _FORMATS if item.reader.endswith(f":{reader.__name__}")]
        reasons = {"".join(names): str(refusal)}
        raise UnsupportedSourceError(path, reasons) from refusal


def _open(reader: Reader, path: Path) -> SlideSource:
    try:
        return reader(path)
    except OSError as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(error.strerror or str(error), file=path) from error


def _beginning(path: Path) -> bytes | None:
    """Return the first bytes of a file, or ``None`` for a folder, if it can be read at all."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            next(path.iterdir(), None)
            return None
        if not stat.S_ISREG(status.st_mode):
            raise SourceError("found a device or pipe, expected a slide file", file=path)
        if status.st_size == 0:
            raise SourceError(
                "the file is empty, expected a slide", file=path, remedy="copy it again"
            )
        with path.open("rb") as file:
            return file.read(_BEGINNING)
    except FileNotFoundError as error:
        raise SourceNotFoundError("no such file", file=path, remedy="check the path") from error
    except PermissionError as error:
        raise SourceError(
            "no permission to read it", file=path, remedy="ask its owner, or check its mode"
        ) from error
    except (OSError, ValueError) as error:
        raise SourceError(getattr(error, "strerror", None) or str(error), file=path) from error
