# SPDX-License-Identifier: Apache-2.0
"""The instances of a converted slide as they stand in their files, whatever fits together or not.

A reader of slides leaves out what is no level of a pyramid; here nothing may be left out, since
that is what is looked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.dicom.schema.read_values import whole
from dicomizer.errors import DicomError, SourceError
from dicomizer.slide import Flavor
from dicomizer.sources.base import Refusal
from dicomizer.sources.dicom_wsi.images import associated_image, level_images
from dicomizer.sources.dicom_wsi.instances import flavor_of, group_concatenations, read_instance
from dicomizer.sources.dicom_wsi.series import read_series

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dicomizer.sources.dicom_wsi.images import WsiImage
    from dicomizer.sources.dicom_wsi.instances import Instance
    from dicomizer.sources.dicom_wsi.series import WsiFile

_REMEDY = "give the folder of a converted slide, or one of its files"


@dataclass(slots=True)
class DicomSlide:
    """What a folder, or a file of it, holds.

    Parameters
    ----------
    pyramids
        Levels of each scan, finest first; scans in the order of their instances' numbers.
    associated
        Label, overview and thumbnail.
    unreadable
        Name of the file, and why it cannot be read.
    surplus
        A sentence for each instance of which there is another.
    is_part
        Whether other instances may be elsewhere.
    """

    pyramids: list[list[WsiImage]] = field(default_factory=list)
    associated: list[WsiImage] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    is_part: bool = False


def open_dicom(path: Path) -> DicomSlide:
    """Read the structure of all instances in a folder, or of one in a file.

    Raises
    ------
    DicomError
        There is no whole slide image.
    SourceError
        A file cannot be read, or is damaged before its pixels.
    """
    if not path.exists():
        raise DicomError("no such file or folder", file=path, remedy="check the path")
    found = DicomSlide(is_part=not path.is_dir())
    volumes: dict[tuple[str, str | None], list[Instance]] = {}
    for group in _instances(path, found):
        flavor = flavor_of(group[0].dataset)
        if flavor is None:
            found.unreadable.append((group[0].path.name, "its Image Type is not known"))
            continue
        try:
            _add(read_instance(group, flavor), found, volumes)
        except SourceError as error:
            problem = f"{error.place}: {error.problem}" if error.place else error.problem
            found.unreadable.append((group[0].path.name, problem))
    for instances in sorted(volumes.values(), key=_first_number):
        images, surplus = level_images(instances)
        found.surplus += surplus
        found.pyramids.append(sorted(images, key=lambda wsi: -wsi.image.size.width))
    if not (found.pyramids or found.associated or found.unreadable):
        reason = found.notes[0] if found.notes else "the folder holds no DICOM file"
        raise DicomError(f"no whole slide image: {reason}", file=path, remedy=_REMEDY)
    return found


def _add(
    instance: Instance,
    found: DicomSlide,
    volumes: dict[tuple[str, str | None], list[Instance]],
) -> None:
    if instance.flavor is Flavor.VOLUME:
        key = (instance.file.series_uid, instance.pyramid_uid)
        volumes.setdefault(key, []).append(instance)
        return
    if instance.flavor in {wsi.image.flavor for wsi in found.associated}:
        kind = instance.flavor.value.lower()
        found.surplus.append(f"{instance.file.path.name} is a second {kind}: left out")
        return
    wsi = associated_image(instance)
    if isinstance(wsi, str):
        found.unreadable.append((instance.file.path.name, wsi))
    else:
        found.associated.append(wsi)


def _instances(path: Path, found: DicomSlide) -> Iterator[list[WsiFile]]:
    """Yield the files of each instance."""
    if not path.is_dir():
        files = _series(path, found)
        named = files[0].path if files else None
        yield from (
            group for group in group_concatenations(files) if named in [file.path for file in group]
        )
        return
    seen: set[str] = set()
    for one in sorted(path.iterdir()):
        if one.is_file() and one.name[0] != "." and one.name not in seen:
            files = _series(one, found)
            seen |= {file.path.name for file in files}
            yield from group_concatenations(files)


def _series(path: Path, found: DicomSlide) -> list[WsiFile]:
    try:
        files, notes = read_series(path)
    except Refusal as reason:
        found.notes.append(f"{path.name} left out: {reason}")
        return []
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror or error}", file=path) from error
    found.notes += notes
    return files


def _first_number(instances: list[Instance]) -> int:
    return min(whole(instance.dataset, "InstanceNumber") or 0 for instance in instances)
