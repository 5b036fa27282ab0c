# SPDX-License-Identifier: Apache-2.0
"""Rules that the values of metadata must keep, alone and with each other.

References
----------
PS3.16 TID 8001 to 8003 (what a preparation step must tell), PS3.3 10.1 (persons)
"""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import TYPE_CHECKING

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import PreparationStep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dicomizer.dicom.metadata import Optics, SlideMetadata, Specimen

    Broken = Iterator[tuple[str, str]]
    """Path to a value, and what is wrong with it."""

_SEXES = ("M", "F", "O")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_LONGEST_WAVE_NM = 0xFFFF
_MOST_POWER = 1000.0
_MOST_OFFSET_MM = 1000.0
_EARLIEST_ZONE, _LATEST_ZONE = dt.timedelta(hours=-12), dt.timedelta(hours=14)
_ICC_SIGNATURE = slice(36, 40)


def rules_broken(metadata: SlideMetadata) -> Broken:
    """Yield the path to each value that breaks a rule, and what is wrong with it."""
    place = "metadata"
    number = metadata.series.number
    if number is not None and not 0 <= number < 1 << 31:
        problem = f"found {number}, expected a number from 0 to 2147483647"
        yield f"{place}.series.number", problem
    sex = metadata.patient.sex
    if sex is not None and sex not in _SEXES:
        yield f"{place}.patient.sex", f'found "{sex[:40]}", expected one of {", ".join(_SEXES)}'
    if metadata.study.time is not None and metadata.study.time.tzinfo is not None:
        yield f"{place}.study.time", "expected a time without an offset from UTC"
    yield from _moment(metadata.acquisition_datetime, f"{place}.acquisition_datetime")
    yield from _operators(metadata)
    yield from _optics(metadata.optics, f"{place}.optics")
    yield from _specimens(metadata.specimens, f"{place}.specimens")


def _moment(moment: dt.datetime | None, place: str) -> Broken:
    offset = moment.utcoffset() if moment else None
    if offset is not None and (
        offset % dt.timedelta(minutes=1) or not _EARLIEST_ZONE <= offset <= _LATEST_ZONE
    ):
        yield place, "expected an offset from UTC of whole minutes, -12:00 to +14:00"


def _operators(metadata: SlideMetadata) -> Broken:
    operators = metadata.series.operators
    place = "metadata.series.operators"
    identified = [item for item in operators if item.identification]
    if identified and len(identified) < len(operators):
        yield place, "expected an identification of every operator, or of none"
    for number, item in enumerate(operators):
        if (item.identification is None) != (item.institution is None):
            problem = "expected identification and institution together: numbers are valid within"
            yield f"{place}[{number}]", problem


def _optics(optics: Optics, place: str) -> Broken:
    yield from _within(optics.objective_power, 0, _MOST_POWER, f"{place}.objective_power")
    for number, path in enumerate(optics.paths):
        here = f"{place}.paths[{number}]"
        yield from _within(path.excitation_nm, 1, _LONGEST_WAVE_NM, f"{here}.excitation_nm")
        yield from _within(path.emission_nm, 1, _LONGEST_WAVE_NM, f"{here}.emission_nm")
        if path.color is not None and not _COLOR.fullmatch(path.color):
            problem = f'found "{path.color[:40]}", expected a colour such as #0080ff'
            yield f"{here}.color", problem
    profile = optics.icc_profile
    if profile is not None and profile[_ICC_SIGNATURE] != b"acsp":
        yield f"{place}.icc_profile", "expected an ICC profile, with acsp at byte 36"


def _within(value: float | None, least: float, most: float, place: str) -> Broken:
    is_good = value is None or (math.isfinite(value) and least <= value <= most and value != 0)
    if not is_good:
        above = "above 0" if least == 0 else f"from {least:g}"
        yield place, f"found {value}, expected a number {above} and up to {most:g}"


def _specimens(specimens: tuple[Specimen, ...], place: str) -> Broken:
    seen: set[str] = set()
    for number, specimen in enumerate(specimens):
        here = f"{place}[{number}]"
        for name in ("identifier", "uid"):
            value = getattr(specimen, name)
            if value in seen:
                yield f"{here}.{name}", f'"{value}" is that of another specimen on the slide'
            seen |= {value} if value else set()
        if specimen.anatomic_modifiers and specimen.anatomic_structure is None:
            yield f"{here}.anatomic_modifiers", "expected an anatomic_structure to be modified"
        for axis in ("x_mm", "y_mm"):
            offset = getattr(specimen.location, axis)
            if offset is not None and not abs(offset) <= _MOST_OFFSET_MM:
                problem = f"found {offset}, expected at most {_MOST_OFFSET_MM:g} mm"
                yield f"{here}.location.{axis}", problem
        if specimen.preparation == (PreparationStep(codes.SPECIMEN_PROCESSING),):
            yield f"{here}.preparation", "the only step tells nothing: expected a fixative, a time"
        for index, step in enumerate(specimen.preparation):
            yield from _step(step, f"{here}.preparation[{index}]", specimen)


def _step(step: PreparationStep, place: str, specimen: Specimen) -> Broken:
    yield from _moment(step.datetime, f"{place}.datetime")
    if step.specimen is not None and step.specimen == specimen.identifier:
        yield f"{place}.specimen", "expected no identifier for the specimen on the slide itself"
    if (step.procedure == codes.STAINING) != bool(step.stains):
        yield f"{place}.stains", "expected stains in every step of staining, and in no other"
    is_sampling = step.procedure == codes.SAMPLING
    if not is_sampling and (step.parent or step.parent_type):
        yield f"{place}.parent", "expected a parent in steps of sampling only"
    if is_sampling:
        for name in ("method", "parent", "parent_type"):
            if getattr(step, name) is None:
                yield f"{place}.{name}", "expected one: sampling takes a specimen out of another"
