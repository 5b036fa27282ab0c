# SPDX-License-Identifier: Apache-2.0
"""Which directory holds which plane of an OME image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dicomizer.sources.base import Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicomizer.sources.ome.description import OmeImage, TiffData
    from dicomizer.sources.tiff.directory import TiffDirectory


def plane_directories(
    image: OmeImage, directories: tuple[TiffDirectory, ...], own_uuid: str, own_name: str
) -> tuple[list[TiffDirectory], int]:
    """Return the directories of an image at its first time, and how many of them are channels.

    Parameters
    ----------
    own_uuid, own_name
        Of the file; planes in others are not to be had.

    Returns
    -------
    directories
        Those of all focal planes of the first channel, then those of the next.
    channels
        Number of directories for one focal plane: the samples of a colour are in one.

    Raises
    ------
    Refusal
        Planes are in other files.
    ValueError
        A plane is in no directory, or in one that does not exist.
    """
    for data in image.tiff_data:
        _check_own(data, own_uuid, own_name)
    first = _first_directory(image)
    if not 0 <= first < len(directories):
        raise ValueError(f"found a plane in directory {first} of {len(directories)}")
    channels = _channels(image, directories[first].samples_per_pixel)
    found = dict(_mapped(image, {**image.sizes, "C": channels}, len(directories)))
    planes = []
    for channel in range(channels):
        for z in range(image.sizes["Z"]):
            number = found.get((z, channel, 0))
            if number is None or not 0 <= number < len(directories):
                raise ValueError(f"found no directory for plane {z} of channel {channel}")
            planes.append(directories[number])
    return planes, channels


def _check_own(data: TiffData, own_uuid: str, own_name: str) -> None:
    # A file may have been renamed since: its UUID tells more than its name.
    is_own = data.uuid == own_uuid if data.uuid and own_uuid else data.file_name in ("", own_name)
    if not is_own:
        raise Refusal(
            f"planes are in other files, such as {data.file_name or data.uuid}: "
            "an OME-TIFF of several files is not converted"
        )


def _first_directory(image: OmeImage) -> int:
    return min((data.directory or 0 for data in image.tiff_data), default=0)


def _channels(image: OmeImage, samples: int) -> int:
    """Return how many directories the channels take, those in samples of one pixel being one."""
    channels = image.sizes["C"]
    return channels // samples if channels % samples == 0 else channels


def _mapped(
    image: OmeImage, sizes: dict[str, int], directories: int
) -> Iterator[tuple[tuple[int, int, int], int]]:
    """Yield plane, channel and time of each directory, and its number."""
    every = sizes["Z"] * sizes["C"] * sizes["T"]
    if not image.tiff_data:
        for number in range(min(every, directories)):
            yield _place(number, {}, image.order, sizes), number
    for data in image.tiff_data:
        count = data.count
        if count is None:
            count = every if data.directory is None else 1
        for step in range(min(count, every)):
            yield _place(step, data.first, image.order, sizes), (data.directory or 0) + step


def _place(
    step: int, first: dict[str, int], order: str, sizes: dict[str, int]
) -> tuple[int, int, int]:
    """Return plane, channel and time so many steps behind the first, in the order of the file."""
    start, stride = 0, 1
    for axis in order:
        start += first.get(axis, 0) * stride
        stride *= sizes[axis]
    rest, place = start + step, {}
    for axis in order:
        rest, place[axis] = divmod(rest, sizes[axis])
    return place["Z"], place["C"], place["T"] + rest * sizes["T"]
