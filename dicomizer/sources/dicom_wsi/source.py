# SPDX-License-Identifier: Apache-2.0
"""DICOM whole slide microscopy: the instances of a series are the levels and images of a slide.

A file stands for its whole series, as far as it lies in the same folder; a folder for the series
in it. Files are opened when they are read.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.dicom.schema.read import metadata_of
from dicomizer.dicom.schema.read_values import values
from dicomizer.errors import SourceError
from dicomizer.slide import LABEL_LEFT, Flavor, Scan, Slide, SlideImage, SpacingMm
from dicomizer.sources.base import FileSource, Refusal
from dicomizer.sources.dicom_wsi import optics
from dicomizer.sources.dicom_wsi.coding import contradiction
from dicomizer.sources.dicom_wsi.frames import image_frames
from dicomizer.sources.dicom_wsi.images import WsiImage, associated_image, level_images
from dicomizer.sources.dicom_wsi.instances import (
    Instance,
    flavor_of,
    group_concatenations,
    read_instance,
)
from dicomizer.sources.dicom_wsi.series import WsiFile, read_series
from dicomizer.sources.tiff.pyramid import check_levels, with_level_spacing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pydicom.dataset import Dataset

    from dicomizer.dicom.metadata import SlideMetadata
    from dicomizer.sources.base import Frame

_LARGEST_DEVIATION = 0.02
"""Of the spacing of a level from that of the finest, before it is told."""


class DicomWsiSource(FileSource):
    """An open series of whole slide microscopy.

    Raises
    ------
    Refusal
        The file is no DICOM, of another SOP class, or its series has no level.
    SourceError
        The series cannot be read, or contradicts itself.
    """

    def __init__(self, path: Path) -> None:
        files, notes = read_series(path)
        groups = _by_flavor(files, notes)
        if Flavor.VOLUME not in groups:
            kinds = ", ".join(flavor.value for flavor in groups) or "nothing that is known"
            raise Refusal(f"the series has no VOLUME image, only {kinds}")
        self._images: dict[str, WsiImage] = {}
        volumes = [read_instance(group, Flavor.VOLUME) for group in groups[Flavor.VOLUME]]
        scans = tuple(self._scan(pyramid, notes) for pyramid in _pyramids(volumes))
        associated = self._associated(groups, notes)
        base = self._images[scans[0].levels[0].key].instances[0]
        self._slide = Slide(
            path=path,
            format_name="DICOM WSI",
            scans=scans,
            associated=associated,
            metadata=_metadata(base.dataset, groups.get(Flavor.LABEL, [])),
            notes=tuple(
                dict.fromkeys([*notes, *self._contradictions(), *self._turned(scans, associated)])
            ),
        )

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of the series."""
        images = self._images.values()
        parts = (part for wsi in images for instance in wsi.instances for part in instance.parts)
        return tuple(sorted({part.file.path for part in parts}))

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[Frame]]:
        """Yield frames of an image in batches, coded as ``image.coding`` says."""
        return image_frames(self._images[image.key], indices)

    def close(self) -> None:
        """Do nothing: no file is kept open."""

    def _scan(self, instances: list[Instance], notes: list[str]) -> Scan:
        images, left_out = level_images(instances)
        notes += left_out
        found = {wsi.image.key: wsi for wsi in images}
        levels, _ = check_levels([wsi.image for wsi in images])
        keys = {image.key for image in levels}
        notes += [
            f"{wsi.image.key} ({wsi.image.size}) is no level of the pyramid: left out"
            for wsi in images
            if wsi.image.key not in keys
        ]
        self._images |= {key: found[key] for key in keys}
        base = found[levels[0].key]
        dataset = base.instances[0].dataset
        orientation = optics.orientation(dataset)
        is_told = orientation is not None or not values(dataset, "ImageOrientationSlide")
        if not is_told:
            notes.append(
                "Image Orientation (Slide) is no two directions along the glass at right angles: "
                "not kept, nor the place of the top left pixel that it belongs to"
            )
        return Scan(
            levels=_with_spacing(levels, notes),
            optical_paths=optics.optical_paths(
                [instance.dataset for instance in base.instances], base.identifiers
            ),
            plane_spacing_um=base.plane_spacing_um,
            origin=optics.origin(dataset) if is_told else None,
            image_orientation_slide=orientation or LABEL_LEFT,
        )

    def _associated(
        self, groups: dict[Flavor, list[list[WsiFile]]], notes: list[str]
    ) -> tuple[SlideImage, ...]:
        """Return the first image of each flavor, in the order thumbnail, label, overview."""
        found = []
        for flavor in (Flavor.THUMBNAIL, Flavor.LABEL, Flavor.OVERVIEW):
            for number, group in enumerate(groups.get(flavor, [])):
                name = f"{group[0].path.name} ({flavor.value})"
                wsi = "the first one is taken" if number else _associated_image(group, flavor)
                if isinstance(wsi, str):
                    notes.append(f"{name} left out: {wsi}")
                else:
                    self._images[wsi.image.key] = wsi
                    found.append(wsi.image)
        return tuple(found)

    def _contradictions(self) -> Iterator[str]:
        for wsi in self._images.values():
            for instance in wsi.instances:
                if note := contradiction(instance.file, instance.pixels):
                    yield note

    def _turned(self, scans: tuple[Scan, ...], others: tuple[SlideImage, ...]) -> Iterator[str]:
        """Yield a sentence for each image that is told to lie otherwise than it is written."""
        written = {
            image.key: scan.image_orientation_slide for scan in scans for image in scan.levels
        }
        for image in others:
            is_of_scan = image.flavor is Flavor.THUMBNAIL
            written[image.key] = scans[0].image_orientation_slide if is_of_scan else LABEL_LEFT
        for key, orientation in written.items():
            told = optics.orientation(self._images[key].instances[0].dataset)
            if told not in (None, orientation):
                yield f"{key} lies otherwise on the glass (Image Orientation (Slide)): not kept"


def _associated_image(group: list[WsiFile], flavor: Flavor) -> WsiImage | str:
    """Return a small image, or why it is left out: the pyramid is worth having without it."""
    try:
        return associated_image(read_instance(group, flavor))
    except SourceError as error:
        return error.problem


def _by_flavor(files: Sequence[WsiFile], notes: list[str]) -> dict[Flavor, list[list[WsiFile]]]:
    """Group the files of each instance by what it shows."""
    groups: dict[Flavor, list[list[WsiFile]]] = {}
    for group in group_concatenations(files):
        flavor = flavor_of(group[0].dataset)
        if flavor is None:
            notes.append(f"{group[0].path.name} left out: its Image Type is not known")
        else:
            groups.setdefault(flavor, []).append(group)
    return groups


def _pyramids(volumes: Sequence[Instance]) -> list[list[Instance]]:
    """Divide levels by Pyramid UID; those without one belong to the first pyramid."""
    groups: dict[str | None, list[Instance]] = {}
    for instance in volumes:
        groups.setdefault(instance.pyramid_uid, []).append(instance)
    without = groups.pop(None, [])
    pyramids = list(groups.values()) or [[]]
    pyramids[0] = [*pyramids[0], *without]
    return pyramids


def _with_spacing(levels: Sequence[SlideImage], notes: list[str]) -> tuple[SlideImage, ...]:
    """Give each level the spacing that fits that of the finest, and tell which had another."""
    fitting = with_level_spacing(levels, _base_spacing(levels))
    for told, image in zip(levels, fitting, strict=True):
        if told.spacing is None or image.spacing is None:
            continue
        ratio = told.spacing.between_columns / image.spacing.between_columns
        # Sizes of a few pixels are rounded by much.
        if abs(ratio - 1) > _LARGEST_DEVIATION + 1 / image.size.width:
            notes.append(
                f"{image.key} tells {told.spacing.mpp[0]:g} um per pixel, "
                f"taken for {image.spacing.mpp[0]:g} by its size"
            )
    return fitting


def _base_spacing(levels: Sequence[SlideImage]) -> SpacingMm | None:
    """Return the spacing of the finest level, by that of a coarser one if it tells none."""
    for image in levels:
        if image.spacing is not None:
            horizontal, vertical = image.reduction_of(levels[0])
            return image.spacing.scaled(1 / horizontal, 1 / vertical)
    return None


def _metadata(base: Dataset, labels: Sequence[Sequence[WsiFile]]) -> SlideMetadata:
    """Return the metadata of the finest level, with the texts of the label.

    The series gets a new UID: in one series with its source, an archive would show both as one
    pyramid.
    """
    metadata = metadata_of(base)
    container = metadata.container
    for label, *_ in labels:
        told = metadata_of(label.dataset).container
        container = replace(
            container,
            label_text=container.label_text or told.label_text,
            barcode=container.barcode or told.barcode,
        )
    return replace(metadata, container=container, series=replace(metadata.series, uid=None))
