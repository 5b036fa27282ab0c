# SPDX-License-Identifier: Apache-2.0
"""Instances written from plans made by hand, with frames that are known."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
import simplejpeg

from dicomizer.dicom.metadata import Optics, SlideMetadata, Study
from dicomizer.dicom.placeholders import fill_placeholders
from dicomizer.dicom.transfer_syntax import TransferSyntax
from dicomizer.dicom.uids import Uids, new_uid
from dicomizer.pixels.color import srgb_profile
from dicomizer.pixels.format import GREY_16, RGB_8, PixelFormat
from dicomizer.planning import ConversionPlan, InstancePlan, Route, Tiling
from dicomizer.slide import (
    Coding,
    ColorSpace,
    Compression,
    Flavor,
    LossyStep,
    Scan,
    SizePx,
    SlideImage,
    SpacingMm,
)
from dicomizer.writers.file import WrittenFile
from dicomizer.writers.instance import InstanceWriter

TILE = SizePx(64, 64)
SIZE = SizePx(300, 200)
"""5 x 4 tiles; the last column and row lie partly beyond the image."""

_PHOTOMETRIC = {
    TransferSyntax.JPEG_BASELINE: "YBR_FULL_422",
    TransferSyntax.JPEG_2000_LOSSLESS: "YBR_RCT",
}


def image(
    size: SizePx = SIZE,
    *,
    tile_size: SizePx = TILE,
    pixel_format: PixelFormat = RGB_8,
    flavor: Flavor = Flavor.VOLUME,
    planes: int = 1,
    paths: int = 1,
    missing: Sequence[int] = (),
    coded_bytes: int = 100_000,
) -> SlideImage:
    """Return the description of an image; 0.25 by 0.5 micrometres per pixel."""
    return SlideImage(
        "0",
        flavor,
        size,
        tile_size,
        Coding(Compression.JPEG, ColorSpace.YCBCR, lossy=True, coded_bytes=coded_bytes),
        spacing=SpacingMm.from_mpp(0.25, 0.5) if flavor is Flavor.VOLUME else None,
        pixel_format=pixel_format,
        planes=planes,
        paths=paths,
        missing=frozenset(missing),
    )


def instance(
    of: SlideImage,
    syntax: TransferSyntax = TransferSyntax.JPEG_BASELINE,
    **changes: Any,
) -> InstancePlan:
    """Return the plan of an instance."""
    is_grey = of.pixel_format.samples == 1
    plan = InstancePlan(
        file_name="level-0.dcm",
        image=of,
        scan=Scan((of,)),
        route=Route.PASSTHROUGH,
        tiling=Tiling.SPARSE if of.missing else Tiling.FULL,
        transfer_syntax=syntax,
        photometric_interpretation="MONOCHROME2" if is_grey else _PHOTOMETRIC.get(syntax, "RGB"),
        image_type=("ORIGINAL", "PRIMARY", of.flavor.value, "NONE"),
        sop_instance_uid=new_uid(),
        series_uid=new_uid(),
        pyramid_uid=new_uid(),
        instance_number=1,
        lossy=((LossyStep("ISO_10918_1", 10.0),) if syntax is TransferSyntax.JPEG_BASELINE else ()),
        lossy_method=None,
        icc_profile=None if is_grey else srgb_profile(),
    )
    return replace(plan, **changes)


def conversion(*instances: InstancePlan) -> ConversionPlan:
    """Return the plan of a slide that tells nothing but its time and lens."""
    metadata, _ = fill_placeholders(
        SlideMetadata(
            study=Study(date=dt.date(2024, 3, 17), time=dt.time(9, 30)),
            optics=Optics(objective_power=40.0),
            acquisition_datetime=dt.datetime(2024, 3, 17, 9, 30),
        ),
        "slide",
        Uids(),
    )
    return ConversionPlan(
        "slide.svs", "a slide", instances, metadata, new_uid(), new_uid(), new_uid(), ()
    )


@dataclass
class Folder:
    """Files in a folder, opened as a target opens them."""

    path: Path
    opened: list[BinaryIO] = field(default_factory=list)

    @contextlib.contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        with (self.path / name).open("x+b") as file:
            self.opened.append(file)
            yield file

    @contextlib.contextmanager
    def spool(self) -> Iterator[BinaryIO]:
        with tempfile.TemporaryFile(dir=self.path) as file:
            self.opened.append(file)
            yield file


def write(
    plan: InstancePlan, folder: Path, frame: Callable[[int], bytes], *, batch: int = 7
) -> tuple[WrittenFile, ...]:
    """Write an instance whose frames, by index in the image, a function gives."""
    target = Folder(folder)
    writer = InstanceWriter(target.create, conversion(plan), plan, spool=target.spool)
    indices = plan.frame_indices
    for start in range(0, len(indices), batch):
        writer.write([(frame(index),) for index in indices[start : start + batch]])
    files = writer.finish()
    assert all(file.closed for file in target.opened)
    return files


def pixels(index: int, of: SlideImage) -> np.ndarray:
    """Return the pixels of a frame, ``(rows, columns[, samples])``: a slope around a level."""
    rows, columns = of.tile_size.height, of.tile_size.width
    slope = np.add.outer(np.arange(rows), np.arange(columns)) * 40 // (rows + columns)
    if of.pixel_format == GREY_16:
        return (slope * 100 + index * 500).astype(np.uint16)
    grey = (slope + index * 37 % 200).astype(np.uint8)
    if of.pixel_format.samples == 1:
        return grey
    return np.stack((grey, 255 - grey, np.full_like(grey, 128)), axis=-1)


def jpeg(index: int, of: SlideImage, *, subsampling: str = "420") -> bytes:
    """Return a frame as JPEG."""
    found = pixels(index, of)
    if of.pixel_format.samples == 1:
        return simplejpeg.encode_jpeg(found[..., None], colorspace="GRAY", quality=95)
    return simplejpeg.encode_jpeg(found, colorsubsampling=subsampling, quality=95)


def jpeg2000(index: int, of: SlideImage) -> bytes:
    """Return a frame as lossless JPEG 2000."""
    return imagecodecs.jpeg2k_encode(
        pixels(index, of), codecformat="j2k", reversible=True, mct=of.pixel_format.samples == 3
    )


def native(index: int, of: SlideImage) -> bytes:
    """Return a frame uncompressed."""
    return pixels(index, of).tobytes()


def read(path: Path) -> Any:
    """Return a dataset with its pixels."""
    import pydicom

    return pydicom.dcmread(io.BytesIO(path.read_bytes()))
