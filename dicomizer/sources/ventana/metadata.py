# SPDX-License-Identifier: Apache-2.0
"""What the iScan element tells of scanner and scan.

The operator's name (UserName) and free text (SlideAnnotation) are not read.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Equipment, Optics, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.slide import SpacingMm
from dicomizer.sources.ventana.attributes import positive

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_WHITE = 255
_DATE_LAYOUTS = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %H:%M:%S",
    "%Y:%m:%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
)


@dataclass(frozen=True, slots=True)
class IScan:
    """The scanner and the scan.

    Parameters
    ----------
    spacing
        Of level 0; ``None`` where absent.
    white
        Sample value of glass without tissue.
    planes
        Focal planes that were scanned.
    is_dp
        Whether the scanner is of the DP series.
    """

    metadata: SlideMetadata
    spacing: SpacingMm | None
    white: int
    planes: int
    is_dp: bool


def read_iscan(iscan: Element, date_time: str) -> IScan:
    """Read an iScan element; what is absent or unreadable is ``None``.

    Parameters
    ----------
    date_time
        Of the TIFF, for scanners that leave the date out of the XML.
    """
    resolution = positive(iscan.get("ScanRes"))
    model = iscan.get("ScannerModel", "")
    white = positive(iscan.get("ScanWhitePoint"))
    return IScan(
        metadata=SlideMetadata(
            equipment=Equipment(
                manufacturer="Ventana",
                model_name=fitting(model) or None,
                device_serial_number=fitting(iscan.get("UnitNumber", "")) or None,
                software_versions=tuple(filter(None, [fitting(iscan.get("BuildVersion", ""))])),
            ),
            optics=Optics(objective_power=positive(iscan.get("Magnification"))),
            acquisition_datetime=_date(iscan.get("ScanDate", "")) or _date(date_time),
        ),
        spacing=SpacingMm.from_mpp(resolution, resolution) if resolution else None,
        white=min(int(white), _WHITE) if white else _WHITE,
        planes=int(positive(iscan.get("Z-layers")) or 1),
        is_dp=model.upper().startswith("VENTANA DP"),
    )


def _date(text: str) -> dt.datetime | None:
    for layout in _DATE_LAYOUTS:
        try:
            return dt.datetime.strptime(text.strip(), layout)  # noqa: DTZ007 - no zone in the file
        except ValueError:
            continue
    return None
