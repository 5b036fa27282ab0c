# SPDX-License-Identifier: Apache-2.0
"""Optical paths and colours as the user tells them, over what the slide file tells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dicomizer.errors import MetadataError
from dicomizer.pixels.color import rgb
from dicomizer.slide import Illumination

if TYPE_CHECKING:
    from dicomizer.dicom.metadata import Optics, PathMetadata
    from dicomizer.slide import OpticalPath, Scan, Slide


def with_optics(slide: Slide, told: Optics) -> Slide:
    """Return a slide with the optical paths and the ICC profile that the user tells.

    Raises
    ------
    MetadataError
        The user tells of another number of paths than a scan has.
    """
    if not told.paths and told.icc_profile is None:
        return slide
    return replace(slide, scans=tuple(_scan(scan, told) for scan in slide.scans))


def _scan(scan: Scan, told: Optics) -> Scan:
    profile = told.icc_profile
    if profile is not None:
        levels = tuple(replace(level, icc_profile=profile) for level in scan.levels)
        scan = replace(scan, levels=levels)
    if not told.paths:
        return scan
    if len(told.paths) != len(scan.optical_paths):
        raise MetadataError(
            f"found {len(told.paths)} paths, the slide has {len(scan.optical_paths)}",
            place="metadata.optics.paths",
            remedy="tell of each path in the order of dicomizer info, an empty object for none",
        )
    pairs = zip(told.paths, scan.optical_paths, strict=True)
    return replace(scan, optical_paths=tuple(_path(one, known) for one, known in pairs))


def _path(told: PathMetadata, known: OpticalPath) -> OpticalPath:
    light, color = told.illumination, told.color
    excitation, emission = told.excitation_nm, told.emission_nm
    return replace(
        known,
        name=told.name or known.name,
        illumination=Illumination(light.value) if light else known.illumination,
        excitation_nm=known.excitation_nm if excitation is None else excitation,
        emission_nm=known.emission_nm if emission is None else emission,
        color=rgb(color) if color else known.color,
    )
