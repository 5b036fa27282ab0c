# SPDX-License-Identifier: Apache-2.0
"""A comparison of a slide with what was converted from it: open both, plan, compare."""

from __future__ import annotations

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dicomizer.dicom.derivation import quality_of
from dicomizer.options import ConvertOptions
from dicomizer.pipeline import Progress, default_threads
from dicomizer.pipeline.blank import background
from dicomizer.pipeline.repair import RepairedSource
from dicomizer.slide import SizePx
from dicomizer.sources.registry import open_source
from dicomizer.verify.coded import CodedPass
from dicomizer.verify.coding import is_comparable
from dicomizer.verify.decoded import PixelPass
from dicomizer.verify.expected import Grid
from dicomizer.verify.header import header_differences, steps_beyond
from dicomizer.verify.judge import Judge
from dicomizer.verify.opened import open_dicom
from dicomizer.verify.planned import Match, Matches, matched
from dicomizer.verify.report import Difference, ImageReport, Verdict, Verification
from dicomizer.verify.shared import shared_differences
from dicomizer.verify.stored import DicomFrames
from dicomizer.verify.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from dicomizer.pipeline.blank import Background
    from dicomizer.planning import InstancePlan
    from dicomizer.slide import Compression, SlideImage
    from dicomizer.sources.base import SlideSource
    from dicomizer.sources.dicom_wsi.images import WsiImage
    from dicomizer.verify.opened import DicomSlide


@dataclass(frozen=True, slots=True)
class VerifyOptions:
    """How to compare.

    Parameters
    ----------
    conversion
        What is known of the options of the conversion: spacing, magnification, metadata, levels,
        label, and what became of bad tiles.
    quality
        Of frames coded anew with loss; ``None`` where the DICOM tells it, by Derivation Description
        or in the tables of JPEG, or nobody knows it.
    least_psnr
        In dB, of every frame; ``None`` for what its codec can reach.
    threads
        ``None`` for one for each core.
    """

    conversion: ConvertOptions = field(default_factory=ConvertOptions)
    quality: int | None = None
    least_psnr: float | None = None
    threads: int | None = None


def verify(
    slide: Path,
    dicom: Path,
    options: VerifyOptions | None = None,
    report: Callable[[Progress], None] = lambda _: None,
) -> Verification:
    """Compare a slide file with the folder it was converted to, or with a file of that.

    Parameters
    ----------
    report
        Called after each batch of frames.

    Raises
    ------
    SourceError
        The slide or the DICOM cannot be read.
    DicomError
        There is no whole slide image to compare with.
    """
    options = options or VerifyOptions()
    start = time.perf_counter()
    with open_source(slide) as source:
        threads = options.threads or default_threads()
        repaired = RepairedSource(source, options.conversion.on_bad_tile, threads)
        found = open_dicom(dicom)
        matches = matched(source.slide, found, options.conversion)
        comparison = _Comparison(repaired, matches, options, report, threads)
        comparison.run()
    images, differences = comparison.images(found), comparison.differences
    notes = tuple(dict.fromkeys([*found.notes, *matches.notes]))
    seconds = time.perf_counter() - start
    return Verification(tuple(images), tuple(differences), notes, seconds)


@dataclass(frozen=True, slots=True)
class _Pair:
    """An image of the plan and of the DICOM, which can be compared frame by frame."""

    name: str
    item: InstancePlan
    wsi: WsiImage
    judge: Judge
    tally: Tally

    @property
    def source(self) -> SlideImage:
        """The image of the slide file that it was made from."""
        return self.item.source or self.item.image

    @property
    def stored_coding(self) -> Compression:
        """Of the frames as they are read from the DICOM."""
        wsi = self.wsi
        return wsi.image.coding.compression if wsi.is_composed else wsi.pixels.compression

    @property
    def is_coded(self) -> bool:
        """Whether frames may be compared without decoding them."""
        wsi, source = self.wsi, self.source
        return (
            self.item.halvings == 0
            and wsi.image.tile_size == source.tile_size
            and not self.judge.loses
            and (wsi.pixels.is_passed_through or wsi.is_composed)
            and is_comparable(source.coding.compression, self.stored_coding)
        )


class _Comparison:
    def __init__(
        self,
        source: SlideSource,
        matches: Matches,
        options: VerifyOptions,
        report: Callable[[Progress], None],
        threads: int,
    ) -> None:
        self._source = source
        self._matches = matches
        self._options = options
        self._report = report
        self._threads = threads
        self._done = 0
        self.differences: list[Difference] = []
        self._pairs = {pair.name: pair for pair in map(self._pair, matches.images) if pair}
        self._total = sum(len(pair.wsi.places) for pair in self._pairs.values())

    def run(self) -> None:
        """Compare headers, then frames."""
        self._compare_headers()
        with ThreadPoolExecutor(self._threads, "frames") as pool:
            try:
                for pair in self._pairs.values():
                    if pair.is_coded:
                        self._coded(pair, pool)
                for chain in self._chains():
                    self._decoded(chain, pool)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)
        for pair in self._pairs.values():
            self.differences += pair.tally.differences(pair.name)

    def images(self, found: DicomSlide) -> list[ImageReport]:
        """Return the reports of all images, whether they could be compared or not."""
        reports = [self._image(match) for match in self._matches.images]
        for name, problem in found.unreadable:
            reports.append(ImageReport(name, Verdict.UNREADABLE, name))
            self.differences.append(Difference(name, "instance", "one that can be read", problem))
        self.differences += [
            Difference(None, "instances", "one of each image", told) for told in found.surplus
        ]
        return reports

    def _image(self, match: Match) -> ImageReport:
        wsi, item = match.found, match.expected
        if wsi is None:
            assert item is not None
            self.differences.append(Difference(match.name, "instance", "one", "none"))
            return ImageReport(match.name, Verdict.MISSING, size=str(item.image.size))
        file, size = wsi.instances[0].file.path.name, str(wsi.image.size)
        if item is None:
            self.differences.append(Difference(match.name, "instance", "none", f"{file}, {size}"))
            return ImageReport(match.name, Verdict.UNEXPECTED, file, size)
        pair = self._pairs.get(match.name)
        if pair is None:
            return ImageReport(match.name, Verdict.DIFFERENT, file, size)
        return pair.tally.report(match.name, file, size)

    def _compare_headers(self) -> None:
        slide = self._source.slide
        told = self._matches.options.metadata.over(slide.metadata)
        seen = set()
        for match in self._matches.images:
            if match.expected is None or match.found is None:
                continue
            plan = self._matches.plan
            for keyword, expected, found in header_differences(
                plan, match.expected, match.found, told
            ):
                name = match.name
                made = Difference(name, keyword, str(expected), str(found))
                shared = replace(made, image=None)
                if shared not in seen:
                    self.differences.append(made)
                seen.add(shared)
        found = [
            (match.name, match.found)
            for match in self._matches.images
            if match.expected is not None and match.found is not None
        ]
        self.differences += shared_differences(found)

    def _pair(self, match: Match) -> _Pair | None:
        """Return a pair whose frames can be compared one by one."""
        item, wsi = match.expected, match.found
        if item is None or wsi is None:
            return None
        image = wsi.image
        layers = (image.size, image.planes, image.paths)
        if layers != (item.image.size, item.image.planes, item.image.paths):
            self._differs(match, "size", item.image.size, image.size)
            return None
        has_odd = image.tile_size.width % 2 or image.tile_size.height % 2
        if item.halvings and has_odd:
            self._differs(match, "Rows, Columns", "even", image.tile_size)
            return None
        peak = (1 << item.image.pixel_format.bits) - 1
        judge = Judge(
            DicomFrames(wsi),
            wsi.pixels.compression,
            image.tile_size,
            peak,
            loses=steps_beyond(item, wsi.instances[0].dataset) > 0,
            quality=self._options.quality or quality_of(wsi.instances[0].dataset),
            least_db=self._options.least_psnr,
        )
        return _Pair(match.name, item, wsi, judge, Tally(peak))

    def _differs(self, match: Match, attribute: str, expected: object, found: object) -> None:
        told = Difference(match.name, attribute, str(expected), str(found))
        self.differences.append(told)

    def _background(self, pair: _Pair) -> Callable[[int], Background]:
        item = pair.item
        return lambda layer: background(item.image, item.scan, layer)

    def _coded(self, pair: _Pair, pool: ThreadPoolExecutor) -> None:
        comparison = CodedPass(
            self._source,
            pair.source,
            pair.judge.frames,
            pair.stored_coding,
            pair.judge,
            self._background(pair),
        )
        for findings in comparison.run(pool, 2 * self._threads):
            for finding in findings:
                pair.tally.add(finding)
            self._step(pair.name, len(findings))

    def _chains(self) -> Iterator[list[_Pair]]:
        """Yield the images that are made of the same one, cut into the same tiles."""
        groups: dict[tuple[str, SizePx], list[_Pair]] = defaultdict(list)
        for pair in self._pairs.values():
            if not pair.is_coded:
                groups[pair.source.key, pair.wsi.image.tile_size].append(pair)
        yield from groups.values()

    def _decoded(self, chain: Sequence[_Pair], pool: ThreadPoolExecutor) -> None:
        by_halvings = {pair.item.halvings: pair for pair in chain}
        first = chain[0]
        grids = _grids(first.source.size, first.wsi.image.tile_size, max(by_halvings))
        pairs = [by_halvings.get(level) for level in range(len(grids))]
        judges = [pair.judge if pair else None for pair in pairs]
        comparison = PixelPass(self._source, first.source, grids, judges, self._background(first))
        for findings in comparison.run(pool, 2 * self._threads):
            for level, finding in findings:
                pair = pairs[level]
                assert pair is not None
                pair.tally.add(finding)
            self._step(first.name, len(findings))

    def _step(self, name: str, frames: int) -> None:
        self._done += frames
        self._report(Progress(name, self._done, self._total))


def _grids(size: SizePx, tile: SizePx, halvings: int) -> list[Grid]:
    """Return the tiles of an image and of each halving of it."""
    grids = [Grid(size, tile)]
    for _ in range(halvings):
        size = SizePx(-(-size.width // 2), -(-size.height // 2))
        grids.append(Grid(size, tile))
    return grids
