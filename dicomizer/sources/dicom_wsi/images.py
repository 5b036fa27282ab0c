# SPDX-License-Identifier: Apache-2.0
"""Instances as images of the slide: levels, in all paths and planes, and associated images.

A level may be one instance or several, one for each optical path or focal plane. A label is one
frame, whatever the file has it divided into.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dicomizer.dicom.schema.read_values import values
from dicomizer.slide import SizePx, SlideImage
from dicomizer.sources.dicom_wsi import optics
from dicomizer.sources.dicom_wsi.coding import StoredPixels, uncompressed
from dicomizer.sources.dicom_wsi.places import MISSING, distances, plane_distance_um

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from dicomizer.sources.dicom_wsi.instances import Instance
    from dicomizer.sources.dicom_wsi.places import Layer
    from dicomizer.sources.dicom_wsi.stored import StoredFrames

_ABSENT_LIMIT = 1_000_000
"""Frames that the image has and no file."""
_LARGEST_COMPOSED = 1 << 27
"""Bytes of an image that is made one frame."""
_SAME_HEIGHT_UM = 3
"""Decimals in which planes of one height agree."""


@dataclass(frozen=True, slots=True)
class WsiImage:
    """An image and where its frames are.

    Parameters
    ----------
    image
        As the slide has it.
    parts
        The files, whose frames are counted on from one to the next.
    places
        ``(frames,)`` int64; for each frame of the image its number in the parts, or `MISSING`.
    tile_size
        Of the stored frames.
    identifiers
        Of the optical paths.
    plane_spacing_um
        ``None`` where the files do not say.
    """

    image: SlideImage
    instances: tuple[Instance, ...]
    parts: tuple[StoredFrames, ...]
    places: NDArray[np.int64]
    tile_size: SizePx
    identifiers: tuple[str, ...]
    plane_spacing_um: float | None

    @property
    def pixels(self) -> StoredPixels:
        """How the frames are stored."""
        return self.instances[0].pixels

    @property
    def is_composed(self) -> bool:
        """Whether the image is one frame made of several stored ones."""
        return self.tile_size != self.image.tile_size


def level_images(instances: Sequence[Instance]) -> tuple[list[WsiImage], list[str]]:
    """Merge the instances of each level.

    Returns
    -------
    images
        In no order.
    notes
        A sentence for each instance left out.
    """
    sizes: dict[SizePx, list[Instance]] = {}
    for instance in instances:
        sizes.setdefault(instance.size, []).append(instance)
    images, notes = [], []
    for several in sizes.values():
        members, left_out = _mergeable(several)
        images.append(_image(members))
        notes += [
            f"{instance.file.path.name} shows the same as {members[0].file.path.name}: left out"
            for instance in left_out
        ]
    return images, notes


def _mergeable(several: Sequence[Instance]) -> tuple[list[Instance], list[Instance]]:
    """Divide instances of one size into those that add a path or plane, and others."""
    first, *others = several
    members, left_out = [first], []
    seen = set(map(_key, first.layers))
    for instance in others:
        keys = set(map(_key, instance.layers))
        is_alike = (instance.tile_size, instance.pixels) == (first.tile_size, first.pixels)
        if is_alike and not keys & seen:
            members.append(instance)
            seen |= keys
        else:
            left_out.append(instance)
    return members, left_out


def _key(layer: Layer) -> tuple[str, float]:
    return layer.path, round(layer.z_um, _SAME_HEIGHT_UM)


def _image(members: Sequence[Instance]) -> WsiImage:
    """Make one image of instances that add up."""
    first = members[0]
    parts = tuple(part for instance in members for part in instance.parts)
    identifiers, heights, places = _places(members)
    image = SlideImage(
        key=first.file.path.name,
        flavor=first.flavor,
        size=first.size,
        tile_size=first.tile_size,
        coding=first.pixels.coding(_coded_bytes(parts)),
        spacing=optics.spacing(first.dataset, first.size),
        icc_profile=optics.icc_profile(first.dataset),
        pixel_format=first.pixels.pixel_format,
        planes=heights,
        paths=len(identifiers),
        missing=frozenset(np.flatnonzero(places == MISSING).tolist()),
        is_resampled="RESAMPLED" in map(str, values(first.dataset, "ImageType")),
    )
    return WsiImage(
        image=image,
        instances=tuple(members),
        parts=parts,
        places=places,
        tile_size=first.tile_size,
        identifiers=identifiers,
        plane_spacing_um=_plane_spacing_um(members) if heights > 1 else None,
    )


def _places(members: Sequence[Instance]) -> tuple[tuple[str, ...], int, NDArray[np.int64]]:
    """Return identifiers of paths, number of planes, and for each frame its number in the parts.

    Raises
    ------
    CorruptSourceError
        Paths and planes have so little in common that most frames would be missing.
    """
    numbered = list(_numbered(members))
    identifiers = tuple(dict.fromkeys(path for (path, _), _ in numbered))
    heights = sorted({z_um for (_, z_um), _ in numbered})
    tiles = len(numbered[0][1])
    layers = len(identifiers) * len(heights)
    if tiles * (layers - len(numbered)) > _ABSENT_LIMIT:
        raise members[0].file.corrupt(
            f"found {len(numbered)} layers, expected {len(heights)} focal planes in each of "
            f"{len(identifiers)} optical paths"
        )
    places = np.full((len(identifiers), len(heights), tiles), MISSING, np.int64)
    for (path, z_um), frames in numbered:
        places[identifiers.index(path), heights.index(z_um)] = frames
    return identifiers, len(heights), places.reshape(-1)


def _numbered(
    members: Iterable[Instance],
) -> Iterable[tuple[tuple[str, float], NDArray[np.int64]]]:
    """Yield path, height and frames of each layer, frames counted on over all parts."""
    start = 0
    for instance in members:
        for layer in instance.layers:
            frames = layer.frames.astype(np.int64)
            yield _key(layer), np.where(frames == MISSING, MISSING, frames + start)
        start += sum(len(part.index) for part in instance.parts)


def _coded_bytes(parts: Sequence[StoredFrames]) -> int:
    return sum(int(part.index.lengths.sum()) for part in parts)


def _plane_spacing_um(members: Sequence[Instance]) -> float | None:
    told = plane_distance_um(members[0].dataset)
    if told is not None or members[0].file.positions is None:
        return told
    steps = {
        round(step, _SAME_HEIGHT_UM)
        for step in distances([layer for instance in members for layer in instance.layers])
    }
    return steps.pop() if len(steps) == 1 else None


def associated_image(instance: Instance) -> WsiImage | str:
    """Make a label, overview or thumbnail one frame; or tell why that cannot be."""
    stream = instance.pixels.stream_size
    if stream not in (None, instance.tile_size):
        return f"its stream is {stream} pixels, expected {instance.tile_size}"
    whole = _image([instance])
    image = whole.image
    if image.number_of_frames == 1:
        return whole if not image.missing else "its frame is missing"
    single = replace(
        image,
        tile_size=image.size,
        planes=1,
        paths=1,
        missing=frozenset(),
        coding=uncompressed(image.coding),
    )
    tiles = whole.places[: image.number_of_tiles]
    if bool(np.any(tiles == MISSING)):
        return "frames are missing"
    if max(image.size.width, image.size.height) > 0xFFFF or single.frame_bytes > _LARGEST_COMPOSED:
        return f"{image.size} pixels are too many for one frame"
    return replace(whole, image=single, places=tiles)
