# SPDX-License-Identifier: Apache-2.0
"""DICOM back to files that other programs read: each frame as a file of its own coding.

A frame that is a JPEG stream, or JPEG XL made of one, gives that stream bit for bit; pixels
without compression become PNG, which loses nothing either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.export.opened import open_dicom
from dicomizer.export.options import Export
from dicomizer.pipeline.runner import Progress
from dicomizer.planning.coding import stored_transfer_syntax
from dicomizer.slide import Compression
from dicomizer.targets.tree import new_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dicomizer.slide import Slide, SlideImage

_SUFFIXES = {
    Compression.JPEG: "jpg",
    Compression.JPEG_XL_OF_JPEG: "jpg",
    Compression.JPEG_2000: "j2k",
    Compression.HTJ2K: "jhc",
    Compression.JPEG_LS: "jls",
    Compression.JPEG_XL: "jxl",
}


def export_frames(
    dicom: Path,
    folder: Path,
    report: Callable[[Progress], None] = lambda _: None,
) -> Export:
    """Write each frame of a series as a file: ``level-0/0003-0017.jpg`` for row 3, column 17.

    Optical paths and focal planes beyond the first are named behind it, as ``-path2-plane3``.

    Raises
    ------
    SourceError
        There is no DICOM slide, or its series cannot be read.
    TargetError
        The folder cannot be written to.
    """
    files = size = 0
    with open_dicom(dicom) as source:
        slide = source.slide
        total = sum(image.number_of_frames - len(image.missing) for image in slide.images)
        with new_tree(folder) as tree:
            for name, image in _named(slide):
                (tree / name).mkdir()
                indices = [i for i in range(image.number_of_frames) if i not in image.missing]
                suffix, recode = _recoding(image)
                frames = (frame for batch in source.frames(image, indices) for frame in batch)
                for index, frame in zip(indices, frames, strict=True):
                    value = recode(b"".join(frame))
                    (tree / name / f"{_place(image, index)}.{suffix}").write_bytes(value)
                    files, size = files + 1, size + len(value)
                    report(Progress(name, files, total))
    return Export(folder, files, size)


def _named(slide: Slide) -> Iterator[tuple[str, SlideImage]]:
    for number, scan in enumerate(slide.scans, start=1):
        prefix = f"scan-{number}-" if number > 1 else ""
        for index, image in enumerate(scan.levels):
            yield f"{prefix}level-{index}", image
    for image in slide.associated:
        yield image.flavor.value.lower(), image


def _place(image: SlideImage, index: int) -> str:
    layer, tile = divmod(index, image.number_of_tiles)
    row, column = divmod(tile, image.grid.width)
    path, plane = divmod(layer, image.planes)
    name = f"{row:04}-{column:04}"
    name += f"-path{path + 1}" if image.paths > 1 else ""
    return name + (f"-plane{plane + 1}" if image.planes > 1 else "")


def _recoding(image: SlideImage) -> tuple[str, Callable[[bytes], bytes]]:
    """Return the suffix of an image's files, and what makes them of its frames."""
    compression = image.coding.compression
    if compression is Compression.JPEG_XL_OF_JPEG:
        from dicomizer.pixels.codecs.jpegxl import restore

        return "jpg", restore
    suffix = _SUFFIXES.get(compression)
    return (suffix, bytes) if suffix else ("png", _png(image))


def _png(image: SlideImage) -> Callable[[bytes], bytes]:
    import imagecodecs

    from dicomizer.pixels.codecs.decode import decode

    syntax, tile = stored_transfer_syntax(image), image.tile_size

    def recode(frame: bytes) -> bytes:
        pixels = decode(frame, syntax, image.pixel_format, rows=tile.height, columns=tile.width)
        return bytes(imagecodecs.png_encode(pixels))

    return recode
