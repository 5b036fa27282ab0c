# SPDX-License-Identifier: Apache-2.0
"""Small series of whole slide microscopy, built by code, with pixels and frames that are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import slides
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import UID

from dicomizer.slide import SlideImage
from dicomizer.sources.base import SlideSource
from dicomizer.sources.dicom_wsi import DicomWsiSource

WHOLE_SLIDE = "1.2.840.10008.5.1.4.1.1.77.1.6"
IMPLICIT, NATIVE, BIG_ENDIAN = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
JPEG, JPEG_EXTENDED = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.51"
JPEG_LS, JPEG_2000_LOSSLESS = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90"
JPEG_2000, HTJ2K = "1.2.840.10008.1.2.4.91", "1.2.840.10008.1.2.4.201"
JPEG_XL, RLE = "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.5"
STUDY, SERIES = "1.2.826.0.1.99.1", "1.2.826.0.1.99.2"

Pixels = NDArray[np.uint8] | NDArray[np.uint16]
Encode = Callable[[Pixels], bytes]


@dataclass(frozen=True)
class Coded:
    """A transfer syntax, a photometric interpretation, and what makes such frames."""

    syntax: str
    photometric: str
    encode: Encode


def plain(pixels: Pixels) -> bytes:
    return pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()


def plane_by_plane(pixels: Pixels) -> bytes:
    return pixels.transpose(2, 0, 1).tobytes()


def run_lengths(pixels: Pixels) -> bytes:
    from pydicom.pixels.encoders.native import _encode_frame  # pydicom's own encoder

    class Runner:
        rows, columns, samples_per_pixel = pixels.shape
        bits_allocated = 8 * pixels.dtype.itemsize

        def get_option(self, name: str, default: object = None) -> object:
            return default

    return bytes(_encode_frame(plain(pixels), Runner()))


CODED = {
    "native": Coded(NATIVE, "RGB", plain),
    "implicit": Coded(IMPLICIT, "RGB", plain),
    "jpeg": Coded(JPEG, "YBR_FULL_422", lambda pixels: slides.encoded(pixels, "ycbcr420")),
    "jpeg-rgb": Coded(JPEG, "RGB", lambda pixels: slides.encoded(pixels, "rgb")),
    "jpeg-ls": Coded(JPEG_LS, "RGB", imagecodecs.jpegls_encode),
    "jpeg-2000-lossless": Coded(
        JPEG_2000_LOSSLESS,
        "YBR_RCT",
        lambda pixels: imagecodecs.jpeg2k_encode(
            pixels, codecformat="j2k", reversible=True, mct=True
        ),
    ),
    "jpeg-2000": Coded(
        JPEG_2000,
        "YBR_ICT",
        lambda pixels: imagecodecs.jpeg2k_encode(pixels, 40, codecformat="j2k", mct=True),
    ),
    "htj2k": Coded(HTJ2K, "YBR_RCT", imagecodecs.htj2k_encode),
    "jpeg-xl": Coded(JPEG_XL, "RGB", imagecodecs.jpegxl_encode),
    "rle": Coded(RLE, "RGB", run_lengths),
}


def item(**attributes: Any) -> Dataset:
    """Return an item of a sequence."""
    found = Dataset()
    for keyword, value in attributes.items():
        setattr(found, keyword, value)
    return found


def code(value: str, scheme: str, meaning: str) -> list[Dataset]:
    """Return a code sequence."""
    return [item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)]


def dataset(size: tuple[int, int], tile: int, pixels: Pixels, coded: Coded) -> FileDataset:
    """Return the attributes of an instance; ``pixels`` show what kind its pixels are."""
    found = FileDataset(
        "",
        {},
        file_meta=FileMetaDataset(),
        preamble=b"\0" * 128,
        is_implicit_VR=coded.syntax == IMPLICIT,
        is_little_endian=coded.syntax != BIG_ENDIAN,
    )
    found.file_meta.TransferSyntaxUID = UID(coded.syntax)
    found.SOPClassUID = WHOLE_SLIDE
    found.SOPInstanceUID = pydicom.uid.generate_uid()
    found.StudyInstanceUID, found.SeriesInstanceUID = STUDY, SERIES
    found.SpecificCharacterSet = "ISO_IR 192"
    found.Modality = "SM"
    found.PatientID, found.PatientName = "P-1", "Doe^Jane"
    found.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    found.TotalPixelMatrixColumns, found.TotalPixelMatrixRows = size
    found.Rows = found.Columns = tile
    found.SamplesPerPixel = pixels.shape[2]
    found.PhotometricInterpretation = coded.photometric if pixels.shape[2] == 3 else "MONOCHROME2"
    found.BitsAllocated = found.BitsStored = 8 * pixels.dtype.itemsize
    found.HighBit = found.BitsStored - 1
    found.PixelRepresentation = 0
    if pixels.shape[2] == 3:
        found.PlanarConfiguration = 0
    found.DimensionOrganizationType = "TILED_FULL"
    found.NumberOfOpticalPaths = found.TotalPixelMatrixFocalPlanes = 1
    found.OpticalPathSequence = [item(OpticalPathIdentifier="1", ObjectiveLensPower="20")]
    found.SharedFunctionalGroupsSequence = [
        item(PixelMeasuresSequence=[item(PixelSpacing=[0.0005, 0.0005])])
    ]
    return found


def tiles_of(pixels: Pixels, tile: int) -> list[Pixels]:
    """Return the tiles that cover an image, row by row."""
    return list(slides.tiles_of(pixels, tile))


def write(
    path: Path, found: FileDataset, frames: Sequence[bytes], *, table: str = "basic", parts: int = 1
) -> Path:
    """Write an instance of the given frames, cut into ``parts`` fragments each."""
    found.NumberOfFrames = len(frames)
    found.file_meta.MediaStorageSOPClassUID = found.SOPClassUID
    found.file_meta.MediaStorageSOPInstanceUID = found.SOPInstanceUID
    if found.file_meta.TransferSyntaxUID in (IMPLICIT, NATIVE, BIG_ENDIAN):
        data = b"".join(frames)
        found.add_new("PixelData", "OW", data + b"\0" * (len(data) % 2))
    elif table == "extended":
        found.PixelData, offsets, lengths = encapsulate_extended(list(frames))
        found.ExtendedOffsetTable, found.ExtendedOffsetTableLengths = offsets, lengths
    else:
        found.PixelData = encapsulate(
            list(frames), fragments_per_frame=parts, has_bot=table == "basic"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    if found.file_meta.TransferSyntaxUID == JPEG_XL:
        return _write_jpeg_xl(path, found)
    found.save_as(path, enforce_file_format=True)
    return path


def _write_jpeg_xl(path: Path, found: FileDataset) -> Path:
    """Write under another UID of the same length, as pydicom 3.0 does not know this one."""
    found.file_meta.TransferSyntaxUID = UID(HTJ2K)
    found.save_as(path, enforce_file_format=True)
    path.write_bytes(path.read_bytes().replace(HTJ2K.encode(), JPEG_XL.encode(), 1))
    return path


def write_level(
    path: Path,
    pixels: Pixels,
    coded: str | Coded = "native",
    *,
    tile: int = 32,
    table: str = "basic",
    parts: int = 1,
    **attributes: Any,
) -> list[bytes]:
    """Write an instance of one image; return its frames."""
    coded = CODED[coded] if isinstance(coded, str) else coded
    found = dataset((pixels.shape[1], pixels.shape[0]), tile, pixels, coded)
    for keyword, value in attributes.items():
        setattr(found, keyword, value)
    frames = [coded.encode(one) for one in tiles_of(pixels, tile)]
    write(path, found, frames, table=table, parts=parts)
    return frames


def write_series(folder: Path, coded: str = "jpeg", **attributes: Any) -> Path:
    """Write a pyramid of two levels with label and overview; return the path of the finest."""
    base = slides.picture(150, 100)
    write_level(folder / "level-0.dcm", base, coded, **attributes)
    spacing = [item(PixelMeasuresSequence=[item(PixelSpacing=[0.001, 0.001])])]
    write_level(
        folder / "level-1.dcm",
        slides.reduced(base, 2),
        coded,
        **{
            "ImageType": ["DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"],
            "SharedFunctionalGroupsSequence": spacing,
            **attributes,
        },
    )
    for name in ("LABEL", "OVERVIEW"):
        write_level(
            folder / f"{name.lower()}.dcm",
            slides.picture(32, 32),
            "native",
            ImageType=["ORIGINAL", "PRIMARY", name, "NONE"],
            LabelText="S24-1",
            BarcodeValue="0815",
        )
    return folder / "level-0.dcm"


def position(column: int, row: int, *, z_um: float = 0, path: str = "1") -> Dataset:
    """Return the functional groups of a frame at a place in pixels, counted from 0."""
    return item(
        PlanePositionSlideSequence=[
            item(
                ColumnPositionInTotalImagePixelMatrix=column + 1,
                RowPositionInTotalImagePixelMatrix=row + 1,
                ZOffsetInSlideCoordinateSystem=z_um,
            )
        ],
        OpticalPathIdentificationSequence=[item(OpticalPathIdentifier=path)],
    )


def joined(
    source: SlideSource, image: SlideImage, indices: Sequence[int] | None = None
) -> list[bytes]:
    """Return the frames of an image as a source yields them."""
    return [b"".join(frame) for batch in source.frames(image, indices) for frame in batch]


def picture(path: Path) -> tuple[SlideSource, list[bytes]]:
    """Open a series; return it with the frames of its finest level."""
    source = DicomWsiSource(path)
    return source, joined(source, source.slide.levels[0])


def as_pixels(frame: bytes, tile: int = 32, samples: int = 3, dtype: str = "<u1") -> Pixels:
    """Return an uncompressed frame as (rows, columns, samples)."""
    return np.frombuffer(frame, dtype).reshape(tile, tile, samples)
