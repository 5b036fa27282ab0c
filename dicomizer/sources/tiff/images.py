# SPDX-License-Identifier: Apache-2.0
"""Images of a TIFF file as the frames of a slide: levels, stacks of them, small images whole.

Shared by the readers of all formats that are TIFF inside: a reader decides which directory is
what, and this module and those below it know how each one's bytes become frames.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.pixels.color import is_rgb_profile
from dicomizer.slide import Flavor, SlideImage
from dicomizer.sources.base import Refusal
from dicomizer.sources.tiff.coded import StoredSamples, tile_frames
from dicomizer.sources.tiff.content import content_of, note_of
from dicomizer.sources.tiff.cutting import with_short_strips
from dicomizer.sources.tiff.joined import joined_strips
from dicomizer.sources.tiff.stack import Stack
from dicomizer.sources.tiff.stored import StoredTiles

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from dicomizer.slide import SpacingMm
    from dicomizer.sources.base import Frame
    from dicomizer.sources.tiff.coded import TileFrames
    from dicomizer.sources.tiff.content import Content
    from dicomizer.sources.tiff.directory import TiffDirectory

_MOST_PIXELS = 1 << 26
"""Of an image that is held whole: 200 MB."""
_ORIENTATION = 274
_TURNED = range(2, 9)
"""Values of the Orientation tag but the usual 1 (TIFF 6.0, section 8)."""


class TiffImages:
    """The open file behind the images of a slide.

    Raises
    ------
    SourceError
        The file cannot be opened.
    """

    def __init__(self, path: Path, directories: tuple[TiffDirectory, ...] = ()) -> None:  # noqa: ARG002
        self._path = path
        self._frames: dict[str, TileFrames] = {}
        self._notes: dict[str, None] = {}
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise SourceError(error.strerror or str(error), file=path) from error

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out or taken apart of the pixels of images so far."""
        return tuple(self._notes)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def level(self, directory: TiffDirectory, spacing: SpacingMm | None) -> SlideImage:
        """Describe a directory as a level of the pyramid.

        JPEG and JPEG 2000 tiles are passed through, all else is decoded; what has no tiles is
        cut into some. Samples of 16 bits beyond the first are optical paths.

        Raises
        ------
        Refusal
            Its pixels or its compression are of a kind that is not converted.
        CorruptSourceError
            Its first or last tile is not what the directory says.
        """
        frames = tile_frames(self._stored(directory))
        return self._image(str(directory.index), directory, frames, spacing)

    def stack(
        self,
        directories: Sequence[TiffDirectory],
        *,
        planes: int,
        paths: int,
        spacing: SpacingMm | None,
    ) -> SlideImage:
        """Describe directories of one size and coding as one level of several planes and paths.

        Parameters
        ----------
        directories
            The planes of the first path, then those of the next.

        Raises
        ------
        Refusal
            As from `level`; or the directories differ, or each has several paths itself.
        CorruptSourceError
            As from `level`.
        """
        if len(directories) != planes * paths:
            raise ValueError(f"{len(directories)} directories for {planes} planes, {paths} paths")
        stack = Stack(directories, [tile_frames(self._stored(item)) for item in directories])
        key = "+".join(str(item.index) for item in directories)
        image = self._image(key, directories[0], stack, spacing)
        return replace(image, planes=planes, paths=paths)

    def whole(self, directory: TiffDirectory, flavor: Flavor) -> SlideImage:
        """Describe a small directory as an associated image of one frame.

        JPEG strips are joined without decoding where they can be; all else is decoded and kept
        without compression, so that nothing is lost a second time.

        Raises
        ------
        Refusal
            Its pixels are of a kind that is not converted.
        CorruptSourceError
            It is larger than a frame can be.
        """
        _check_frame_size(directory, self._path)
        content = content_of(directory)
        if content.paths > 1:
            raise Refusal(
                f"{directory.samples_per_pixel} x {directory.bits_per_sample} bits are no colour"
            )
        stored = self._stored(directory)
        samples = StoredSamples(stored, content)
        frames = joined_strips(stored, content, samples) or samples.mosaic(directory.size)
        return self._image(str(directory.index), directory, frames, flavor=flavor)

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        yield from self._frames[image.key].frames(indices)

    def _stored(self, directory: TiffDirectory) -> StoredTiles:
        return StoredTiles(self._file, self._path, with_short_strips(directory))

    def _image(
        self,
        key: str,
        directory: TiffDirectory,
        frames: TileFrames,
        spacing: SpacingMm | None = None,
        flavor: Flavor = Flavor.VOLUME,
    ) -> SlideImage:
        self._frames[key] = frames
        for note in (note_of(directory, frames.content), _note_of_orientation(directory)):
            if note is not None:
                self._notes[note] = None
        return SlideImage(
            key=key,
            flavor=flavor,
            size=directory.size,
            tile_size=frames.tile_size,
            coding=frames.coding,
            spacing=spacing,
            icc_profile=_icc_profile(directory, frames.content),
            pixel_format=frames.content.pixel_format,
            paths=frames.content.paths,
            missing=frames.missing,
        )


def _note_of_orientation(directory: TiffDirectory) -> str | None:
    """Return a sentence where rows do not begin at the top left, as in a camera that was turned."""
    if directory.tags.get(_ORIENTATION, 1) not in _TURNED:
        return None
    return (
        f"{directory.place}: its Orientation says that it is turned or mirrored: the pixels are "
        "kept as they are"
    )


def _check_frame_size(directory: TiffDirectory, path: Path) -> None:
    """Refuse what cannot be one frame: Rows and Columns have 16 bits (PS3.3 C.7.6.3)."""
    size = directory.size
    if max(size.width, size.height) > 0xFFFF or size.width * size.height > _MOST_PIXELS:
        raise CorruptSourceError(
            f"the image is {size} pixels, expected a small one beside the pyramid",
            file=path,
            place=directory.place,
        )


def _icc_profile(directory: TiffDirectory, content: Content) -> bytes | None:
    profile = directory.icc_profile
    is_color = content.pixel_format.samples == 3
    return profile if profile and is_color and is_rgb_profile(profile) else None
