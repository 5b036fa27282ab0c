# SPDX-License-Identifier: Apache-2.0
"""Olympus (Evident) VSI: tags and a preview in one file, pixels in a folder beside it.

The folder of ``name.vsi`` is ``_name_``, with one ``stack`` for each image, whose number the tags
name as well. An image of the slide itself is a scan; label and overview go beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError
from dicomizer.slide import Flavor, OpticalPath, Scan, Slide
from dicomizer.sources.base import FileSource, Refusal
from dicomizer.sources.tiff.directory import read_directories
from dicomizer.sources.tiff.images import TiffImages
from dicomizer.sources.vsi.document import read_images, read_metadata
from dicomizer.sources.vsi.ets import read_ets
from dicomizer.sources.vsi.stack import Stack
from dicomizer.sources.vsi.tags import read_tags
from dicomizer.sources.vsi.whole import whole_image, whole_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.slide import SlideImage
    from dicomizer.sources.base import Frame
    from dicomizer.sources.tiff.directory import TiffDirectory
    from dicomizer.sources.vsi.document import VsiImage

_MOST_IMAGES = 64
_LARGEST_ASPECT_CHANGE = 0.05


class VsiSource(FileSource):
    """An open VSI file, and those of its images.

    Raises
    ------
    Refusal
        The file is no VSI.
    SourceError
        It cannot be read, is damaged, or lacks the files of its pixels.
    """

    def __init__(self, path: Path) -> None:
        tags = read_tags(path)
        self._path = path
        self._notes: list[str] = []
        self._stacks: list[Stack] = []
        directories = read_directories(path)
        self._preview = TiffImages(path, directories)
        try:
            for image in read_images(tags)[:_MOST_IMAGES]:
                self._open(image)
            scanned = [item for item in self._stacks if item.image.flavor is Flavor.VOLUME]
            if not scanned:
                raise CorruptSourceError(self._nothing_found(), file=path)
            associated = (*self._thumbnail(directories[0], scanned[0]), *self._associated())
            self._slide = Slide(
                path=path,
                format_name="Olympus VSI",
                scans=tuple(map(_scan, scanned)),
                associated=associated,
                metadata=read_metadata(tags, scanned[0].image),
                notes=(*self._notes, *(note for stack in self._stacks for note in stack.notes)),
            )
        except BaseException:
            self.close()
            raise

    @property
    def files(self) -> tuple[Path, ...]:
        """The file itself, and those of pixels."""
        folder = self._path.parent / f"_{self._path.stem}_"
        return (self._path, *sorted(folder.glob("stack*/frame_t*.ets")))

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        if image.flavor is Flavor.THUMBNAIL:
            yield from self._preview.frames(image, indices)
        for stack in self._stacks:
            keys = [level.key for level in stack.levels]
            if image.key not in keys:
                continue
            if image.flavor is Flavor.VOLUME:
                yield from stack.frames(keys.index(image.key), indices)
            else:
                pixels = whole_pixels(stack, image, self._path)
                yield [(pixels,) for _ in (range(1) if indices is None else indices)]

    def close(self) -> None:
        """Close the files."""
        self._preview.close()
        for stack in self._stacks:
            stack.close()

    def _open(self, image: VsiImage) -> None:
        """Open the pixels of an image, or note why they are left out."""
        file = self._pixel_file(image)
        if image.flavor is None or file is None:
            reason = "it is no picture" if file else "it has no file of pixels"
            self._notes.append(f"image {image.number} ({image.name}) left out: {reason}")
            return
        try:
            self._stacks.append(Stack(read_ets(file), image))
        except Refusal as refusal:
            self._notes.append(f"image {image.number} ({image.name}) left out: {refusal}")

    def _pixel_file(self, image: VsiImage) -> Path | None:
        folder = self._path.parent / f"_{self._path.stem}_" / f"stack{image.number}"
        return min(folder.glob("frame_t*.ets"), default=None)

    def _nothing_found(self) -> str:
        folder = f"_{self._path.stem}_"
        if not (self._path.parent / folder).is_dir():
            return f"found no folder {folder} beside it, where its pixels are; copy that as well"
        return f"no image of the slide can be read: {'; '.join(self._notes) or 'none is named'}"

    def _thumbnail(self, directory: TiffDirectory, scanned: Stack) -> Iterator[SlideImage]:
        """Yield the preview in the file itself, if it shows the first scan."""
        aspects = [size.width / size.height for size in (directory.size, scanned.levels[0].size)]
        try:
            if abs(aspects[0] / aspects[1] - 1) > _LARGEST_ASPECT_CHANGE:
                raise Refusal("it does not have the shape of the scan")
            yield self._preview.whole(directory, Flavor.THUMBNAIL)
        except Refusal as refusal:
            self._notes.append(f"preview ({directory.size}) left out: {refusal}")

    def _associated(self) -> Iterator[SlideImage]:
        """Yield the first label and the first overview."""
        for flavor in (Flavor.LABEL, Flavor.OVERVIEW):
            for number, stack in enumerate(
                item for item in self._stacks if item.image.flavor is flavor
            ):
                name = f"{flavor.value.lower()} {stack.image.name}"
                try:
                    if number:
                        raise Refusal("there is another")
                    yield whole_image(stack, flavor)
                except Refusal as refusal:
                    self._notes.append(f"{name} left out: {refusal}")


def _scan(stack: Stack) -> Scan:
    levels = stack.levels
    paths = stack.image.optical_paths
    if len(paths) != levels[0].paths:
        paths = (OpticalPath(),) * levels[0].paths
    spacing = stack.image.plane_spacing_um if levels[0].planes > 1 else None
    return Scan(levels, paths, plane_spacing_um=spacing, name=stack.image.name)
