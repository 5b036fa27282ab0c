# SPDX-License-Identifier: Apache-2.0
"""What the samples of a directory are, and what frames they make: grey, RGB, or channels.

Samples that do not make an 8-bit colour are channels, each an optical path of its own: 16-bit
data of three fluorescence channels is often tagged as RGB, and DICOM has no such colour image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.pixels.format import RGB_8, PixelFormat
from dicomizer.slide import ColorSpace, OpticalPath
from dicomizer.sources.base import Refusal
from dicomizer.sources.tiff.directory import (
    BLACK_IS_ZERO,
    JPEG,
    PALETTE,
    RGB,
    WHITE_IS_ZERO,
    YCBCR,
)

if TYPE_CHECKING:
    from dicomizer.sources.tiff.directory import TiffDirectory

_UNSIGNED = frozenset({1, 4})
"""Sample Format: unsigned, and undefined, which readers take for it."""
_SAMPLE_FORMATS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex floating-point"}
_ALPHA = frozenset({1, 2})
_MOST_CHANNELS = 64
_RGB_COLORS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
_SAMPLES = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, YCBCR: 3}
_PHOTOMETRIC = {4: "a transparency mask", 5: "CMYK", 8: "CIE L*a*b*", 9: "ICC L*a*b*"}


@dataclass(frozen=True, slots=True)
class Content:
    """What frames a directory makes.

    Parameters
    ----------
    paths
        Optical paths: 1, or as many as there are channels.
    dropped
        Samples of a pixel that are left out, such as alpha.
    """

    pixel_format: PixelFormat
    paths: int = 1
    dropped: int = 0

    @property
    def color_space(self) -> ColorSpace:
        """Of decoded frames."""
        return ColorSpace.RGB if self.pixel_format.samples == 3 else ColorSpace.MONOCHROME


def content_of(directory: TiffDirectory) -> Content:
    """Tell what frames a directory makes.

    Raises
    ------
    Refusal
        Its samples are of a kind that is not converted.
    """
    _check_samples(directory)
    bits, samples = directory.bits_per_sample, directory.samples_per_pixel
    photometric = directory.photometric
    if photometric == PALETTE:
        return Content(RGB_8)
    alpha = sum(kind in _ALPHA for kind in directory.extra_samples)
    if photometric in (RGB, YCBCR) and bits == 8:
        return Content(RGB_8, dropped=samples - 3)
    if samples - alpha > _MOST_CHANNELS:
        raise Refusal(f"{directory.place} has {samples} samples in a pixel")
    return Content(PixelFormat(1, bits), paths=samples - alpha, dropped=alpha)


def _check_samples(directory: TiffDirectory) -> None:
    needed = _SAMPLES.get(directory.photometric)
    if needed is None:
        kind = _PHOTOMETRIC.get(directory.photometric, f"of kind {directory.photometric}")
        raise Refusal(f"the pixels of {directory.place} are {kind}, expected grey or RGB")
    if directory.sample_format not in _UNSIGNED:
        kind = _SAMPLE_FORMATS.get(directory.sample_format, "unknown")
        raise Refusal(f"the samples of {directory.place} are {kind}, expected unsigned")
    bits = directory.bits_per_sample
    if bits == 1:
        raise Refusal(f"{directory.place} is black and white without grey (1 bit)")
    if bits not in (8, 16) and not (directory.compression == JPEG and bits == 12):
        raise Refusal(f"the samples of {directory.place} have {bits} bits, expected 8 or 16")
    extra = min(len(directory.extra_samples), directory.samples_per_pixel - 1)
    if directory.samples_per_pixel < max(needed, 1) or extra < 0:
        raise Refusal(
            f"{directory.place} has {directory.samples_per_pixel} samples in a pixel, "
            f"expected {needed}"
        )
    if directory.photometric == YCBCR and bits != 8:
        raise Refusal(f"{directory.place} is YCbCr of {bits} bits, expected 8")


def note_of(directory: TiffDirectory, content: Content) -> str | None:
    """Return a sentence on what is left out or taken apart, if anything is."""
    if content.dropped:
        return f"{directory.place}: transparency left out"
    if directory.photometric == RGB and content.paths > 1:
        return (
            f"{directory.place}: red, green and blue of {directory.bits_per_sample} bits "
            "written as optical paths of their own"
        )
    return None


def channel_paths(directory: TiffDirectory, paths: int) -> tuple[OpticalPath, ...]:
    """Return optical paths for channels of which only their number is known.

    Those of red, green and blue have these colours, which the file tells and nothing more.
    """
    if directory.photometric == RGB and paths >= len(_RGB_COLORS):
        colored = tuple(OpticalPath(color=color) for color in _RGB_COLORS)
        return colored + (OpticalPath(),) * (paths - len(colored))
    return (OpticalPath(),) * paths
