# SPDX-License-Identifier: Apache-2.0
"""What is counted of an image while its frames are compared."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.verify.coding import Sameness
from dicomizer.verify.measure import psnr
from dicomizer.verify.report import Difference, ImageReport, Verdict

if TYPE_CHECKING:
    from dicomizer.verify.measure import FrameError

_TOLD = 8
"""Frames of an image that are told one by one."""


@dataclass(frozen=True, slots=True)
class FrameFinding:
    """What was found of a frame.

    Parameters
    ----------
    index
        In the image, from 0.
    sameness
        Of its coding; ``None`` where only pixels could be compared.
    error
        Of its pixels; ``None`` where they needed no comparison, or could not be compared.
    problem
        Expected and found, as text, where it is other than it should be.
    digests
        Of the expected and of the found bytes, by which frames that are swapped are told.
    """

    index: int
    sameness: Sameness | None = None
    error: FrameError | None = None
    problem: tuple[str, str] | None = None
    digests: tuple[bytes, bytes] | None = None


@dataclass(slots=True)
class Tally:
    """The frames of an image.

    Parameters
    ----------
    peak
        Largest value of a sample.
    """

    peak: int
    frames: int = 0
    bad: list[FrameFinding] = field(default_factory=list)
    bad_frames: int = 0
    kinds: set[Sameness | None] = field(default_factory=set)
    squares: int = 0
    samples: int = 0
    largest: int = 0
    ssim_sum: float = 0.0
    measured: int = 0
    worst: tuple[float, int] = (math.inf, -1)

    def add(self, finding: FrameFinding) -> None:
        """Count a frame."""
        self.frames += 1
        self.kinds.add(finding.sameness)
        if finding.problem is not None:
            self.bad_frames += 1
            if len(self.bad) < _TOLD:
                self.bad.append(finding)
        if finding.error is not None:
            self._measure(finding.index, finding.error)

    def _measure(self, index: int, error: FrameError) -> None:
        self.squares += error.squares
        self.samples += error.samples
        self.largest = max(self.largest, error.largest)
        self.ssim_sum += error.ssim
        self.measured += 1
        self.worst = min(self.worst, (psnr(error.squares, error.samples, self.peak), index))

    @property
    def verdict(self) -> Verdict:
        """What all frames together say."""
        if self.bad_frames:
            return Verdict.DIFFERENT
        if self.squares:
            return Verdict.WITHIN_LOSS
        if self.kinds <= {Sameness.SAME}:
            return Verdict.BIT_FOR_BIT
        return Verdict.RESTORABLE if self.kinds <= _RESTORABLE else Verdict.SAME_PIXELS

    def report(self, name: str, file: str, size: str) -> ImageReport:
        """Return the report of the image."""
        is_measured = self.measured > 0
        return ImageReport(
            name=name,
            verdict=self.verdict,
            file=file,
            size=size,
            frames=self.frames,
            bad_frames=self.bad_frames,
            psnr=psnr(self.squares, self.samples, self.peak) if is_measured else None,
            worst_psnr=self.worst[0] if is_measured else None,
            worst_frame=self.worst[1] + 1 if self.worst[1] >= 0 else None,
            ssim=self.ssim_sum / self.measured if is_measured else None,
            largest_error=self.largest if is_measured else None,
        )

    def differences(self, name: str) -> list[Difference]:
        """Tell of the frames that are other than they should be, the first ones by number."""
        places = {item.digests[0]: item.index + 1 for item in self.bad if item.digests}
        told = []
        for item in self.bad:
            assert item.problem is not None
            expected, found = item.problem
            other = places.get(item.digests[1]) if item.digests else None
            found = f"that of frame {other}" if other else found
            told.append(Difference(name, f"frame {item.index + 1}", expected, found))
        if self.bad_frames > len(told):
            more = self.bad_frames - len(told)
            told.append(Difference(name, "frames", "no other to differ", f"{more:,} more"))
        return told


_RESTORABLE = {Sameness.SAME, Sameness.RESTORED}
