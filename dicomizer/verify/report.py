# SPDX-License-Identifier: Apache-2.0
"""What a comparison has found, for people and for scripts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dicomizer.errors import visible


class Verdict(Enum):
    """How an image of the DICOM stands to what it was made of."""

    BIT_FOR_BIT = "passed through bit for bit"
    """All tables and scans are those of the slide file."""
    RESTORABLE = "recompressed, restored bit for bit"
    """JPEG as JPEG XL, or that undone, the JPEG streams being those of the slide file."""
    SAME_PIXELS = "same pixels"
    """Other bytes that decode to what the pixels should be."""
    WITHIN_LOSS = "within the loss of its coding"
    """Coded with a loss that the DICOM tells of, and no more loss than that."""
    DIFFERENT = "DIFFERENT"
    MISSING = "MISSING"
    UNEXPECTED = "UNEXPECTED"
    """Nothing that the slide and the plan would give."""
    UNREADABLE = "UNREADABLE"

    @property
    def is_good(self) -> bool:
        """Whether nothing is lost that must not be."""
        return self in _GOOD


_GOOD = (Verdict.BIT_FOR_BIT, Verdict.RESTORABLE, Verdict.SAME_PIXELS, Verdict.WITHIN_LOSS)


@dataclass(frozen=True, slots=True)
class Difference:
    """A place where the DICOM is other than the slide and the plan would have it.

    Parameters
    ----------
    image
        As the report names it; ``None`` for what holds for all.
    attribute
        DICOM keyword, or the frame.
    expected, found
        As text.
    """

    image: str | None
    attribute: str
    expected: str
    found: str

    def __str__(self) -> str:
        where = f"{self.image}: " if self.image else ""
        text = f"{where}{self.attribute}: expected {self.expected}, found {self.found}"
        return visible(text)


@dataclass(frozen=True, slots=True)
class ImageReport:
    """What was found of a level or an image beside the pyramid.

    Parameters
    ----------
    name
        Such as "level 0", "scan 2 level 1" or "label".
    file
        Of the DICOM; the first of several.
    size
        As text, in pixels.
    frames
        Compared.
    bad_frames
        That are other than they should be.
    psnr, worst_psnr
        Peak signal-to-noise ratio in dB over all pixels, and of the frame where it is lowest;
        ``None`` where no pixels had to be compared, infinite where none differs.
    worst_frame
        Number of that frame, from 1.
    ssim
        Mean structural similarity of the frames, of luma.
    largest_error
        Of a sample, in levels.
    """

    name: str
    verdict: Verdict
    file: str = ""
    size: str = ""
    frames: int = 0
    bad_frames: int = 0
    psnr: float | None = None
    worst_psnr: float | None = None
    worst_frame: int | None = None
    ssim: float | None = None
    largest_error: int | None = None


@dataclass(frozen=True, slots=True)
class Verification:
    """What a comparison has found.

    Parameters
    ----------
    differences
        In pixels and in what is told of them.
    notes
        What was deduced or left aside, each a sentence for the user.
    """

    images: tuple[ImageReport, ...]
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    seconds: float

    @property
    def is_same(self) -> bool:
        """Whether the DICOM is what the slide and the plan would give."""
        return not self.differences and all(image.verdict.is_good for image in self.images)
