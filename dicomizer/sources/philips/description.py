# SPDX-License-Identifier: Apache-2.0
"""What the ImageDescription of a Philips TIFF tells of the scan, its levels and its glass."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Container, Equipment, Optics, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.errors import CorruptSourceError
from dicomizer.pixels.color import is_rgb_profile
from dicomizer.slide import Flavor, LossyStep, SpacingMm
from dicomizer.sources.base import AnotherFormat
from dicomizer.sources.philips.data_object import DataObject
from dicomizer.sources.xml import parse_xml

if TYPE_CHECKING:
    from pathlib import Path

_FLAVORS = {"LABELIMAGE": Flavor.LABEL, "MACROIMAGE": Flavor.OVERVIEW}
_THIS_FILE = "PHILIPS_TIFF"
"""How the history of compressions calls the JPEG of the file itself."""
_METHOD = re.compile(r"[A-Z0-9_]{1,16}")
_DATE_TIME = re.compile(r"(\d{14})(?:\.(\d{1,6}))?(?:([+-])(\d{2})(\d{2}))?")
_LARGEST_POWER = 200


@dataclass(frozen=True, slots=True)
class EmbeddedStream:
    """An image within the XML: a JPEG stream."""

    flavor: Flavor
    stream: bytes = field(repr=False)
    icc_profile: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class PhilipsDescription:
    """What a description tells.

    Parameters
    ----------
    spacings
        Of each level, as the scanner wrote them: rounded.
    earlier
        Lossy compressions before the one that the file has.
    embedded
        Label and macro.
    """

    metadata: SlideMetadata
    spacings: tuple[SpacingMm, ...]
    earlier: tuple[LossyStep, ...]
    icc_profile: bytes | None = field(repr=False)
    embedded: tuple[EmbeddedStream, ...]


def read_description(text: str, file: Path) -> PhilipsDescription:
    """Read an ImageDescription; what is absent or unreadable is ``None``.

    Raises
    ------
    Refusal
        The XML is not that of a Philips scanner.
    CorruptSourceError
        It is not well formed, or describes no scan, or several.
    """
    root = parse_xml(text, file, "ImageDescription")
    if root.tag != "DataObject" or root.get("ObjectType") != "DPUfsImport":
        raise AnotherFormat("the XML of the first directory is no DPUfsImport")
    slide = DataObject(root)
    images = slide.objects("PIM_DP_SCANNED_IMAGES")
    scans = [item for item in images if item.text("PIM_DP_IMAGE_TYPE") == "WSI"]
    if len(scans) != 1:
        raise CorruptSourceError(
            f"the XML describes {len(scans)} whole slide images, expected one",
            file=file,
            place="ImageDescription",
        )
    return PhilipsDescription(
        metadata=_metadata(slide, scans[0]),
        spacings=_spacings(scans[0]),
        earlier=_earlier(scans[0]),
        icc_profile=_icc_profile(scans[0]),
        embedded=_embedded(images),
    )


def _metadata(slide: DataObject, scan: DataObject) -> SlideMetadata:
    versions = map(fitting, slide.texts("DICOM_SOFTWARE_VERSIONS"))
    return SlideMetadata(
        equipment=Equipment(
            manufacturer=_fitting(slide, "DICOM_MANUFACTURER"),
            model_name=_fitting(slide, "DICOM_MANUFACTURERS_MODEL_NAME"),
            device_serial_number=_fitting(slide, "DICOM_DEVICE_SERIAL_NUMBER"),
            software_versions=tuple(filter(None, versions)),
        ),
        container=Container(barcode=_barcode(slide)),
        optics=Optics(objective_power=_objective_power(scan)),
        acquisition_datetime=_date_time(slide.text("DICOM_ACQUISITION_DATETIME") or ""),
    )


def _fitting(slide: DataObject, name: str) -> str | None:
    return fitting(slide.text(name) or "") or None


def _barcode(slide: DataObject) -> str | None:
    """Return the barcode's text; some files have it as it is instead of in base64."""
    text = slide.text("PIM_DP_UFS_BARCODE") or ""
    with contextlib.suppress(ValueError):
        text = base64.b64decode(text, validate=True).decode()
    return fitting(text, "LT") or None


def _objective_power(scan: DataObject) -> float | None:
    """Return the first entry of ``levels`` where it can be one.

    The derivation reads ``tiff-useBigTIFF=1-levels=40,10002,10000,10001-processing=0-...``;
    first comes the power of the objective, or a code of five digits.
    """
    derivation = scan.text("DICOM_DERIVATION_DESCRIPTION") or ""
    match = re.search(r"-levels=(\d{1,3})(?=[,-]|$)", derivation.partition("-sourceFilename=")[0])
    power = int(match[1]) if match else 0
    return float(power) if 0 < power <= _LARGEST_POWER else None


def _date_time(text: str) -> dt.datetime | None:
    """Return a value of representation DT (PS3.5 6.2); without a zone where it has none."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    digits, fraction, sign, hours, minutes = match.groups()
    try:
        moment = dt.datetime.strptime(digits, "%Y%m%d%H%M%S")  # noqa: DTZ007 - zone follows
        if sign:
            offset = dt.timedelta(hours=int(hours), minutes=int(minutes))
            moment = moment.replace(tzinfo=dt.timezone(-offset if sign == "-" else offset))
    except ValueError:
        return None
    return moment.replace(microsecond=int((fraction or "").ljust(6, "0")))


def _spacings(scan: DataObject) -> tuple[SpacingMm, ...]:
    """Return spacings as far as every level has one; rows come first, as in DICOM."""
    levels = scan.objects("PIIM_PIXEL_DATA_REPRESENTATION_SEQUENCE")
    numbers = [level.numbers("DICOM_PIXEL_SPACING") for level in levels]
    numbers = numbers or [scan.numbers("DICOM_PIXEL_SPACING")]
    return tuple(SpacingMm(*item) for item in numbers) if all(map(_is_pair, numbers)) else ()


def _is_pair(numbers: tuple[float, ...]) -> bool:
    return len(numbers) == 2


def _earlier(scan: DataObject) -> tuple[LossyStep, ...]:
    """Return the steps before the last one: the wavelets of iSyntax, before they became JPEG."""
    methods = scan.texts("DICOM_LOSSY_IMAGE_COMPRESSION_METHOD")
    ratios = scan.numbers("DICOM_LOSSY_IMAGE_COMPRESSION_RATIO")
    if len(methods) != len(ratios):
        return ()
    return tuple(
        LossyStep(method, ratio)
        for method, ratio in zip(methods, ratios, strict=True)
        if _METHOD.fullmatch(method) and not method.startswith(_THIS_FILE)
    )


def _icc_profile(image: DataObject) -> bytes | None:
    for management in image.objects("DP_COLOR_MANAGEMENT"):
        profile = management.binary("DICOM_ICCPROFILE")
        if profile and is_rgb_profile(profile):
            return profile
    return None


def _embedded(images: tuple[DataObject, ...]) -> tuple[EmbeddedStream, ...]:
    return tuple(
        EmbeddedStream(_FLAVORS[kind], stream, _icc_profile(image))
        for image in images
        if (kind := image.text("PIM_DP_IMAGE_TYPE")) in _FLAVORS
        and (stream := image.binary("PIM_DP_IMAGE_DATA"))
    )
