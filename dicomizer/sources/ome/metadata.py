# SPDX-License-Identifier: Apache-2.0
"""Who scanned, through what and when, as OME-XML tells it of an image."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from dicomizer.dicom.metadata import Equipment, Optics, SlideMetadata
from dicomizer.dicom.schema.limits import fitting
from dicomizer.sources.ome.description import child, children, positive

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


def read_metadata(root: Element, image: Element) -> SlideMetadata:
    """Return what is told; instrument and objective are found by the image's references."""
    instrument = _referred(root, "Instrument", child(image, "InstrumentRef"))
    microscope = None if instrument is None else child(instrument, "Microscope")
    return SlideMetadata(
        equipment=Equipment(
            manufacturer=_attribute(microscope, "Manufacturer"),
            model_name=_attribute(microscope, "Model"),
            device_serial_number=_attribute(microscope, "SerialNumber"),
        ),
        optics=Optics(objective_power=_objective_power(instrument, image)),
        acquisition_datetime=_date_time(image),
    )


def _referred(parent: Element, name: str, reference: Element | None) -> Element | None:
    """Return the element with the ID that is referred to; without a reference the only one."""
    candidates = list(children(parent, name))
    if reference is None:
        return candidates[0] if len(candidates) == 1 else None
    return next((item for item in candidates if item.get("ID") == reference.get("ID")), None)


def _objective_power(instrument: Element | None, image: Element) -> float | None:
    if instrument is None:
        return None
    settings = child(image, "ObjectiveSettings")
    if settings is None:
        settings = child(image, "ObjectiveRef")
    objective = _referred(instrument, "Objective", settings)
    return None if objective is None else positive(objective.get("NominalMagnification"))


def _date_time(image: Element) -> dt.datetime | None:
    element = child(image, "AcquisitionDate")
    text = image.get("AcquiredDate", "") if element is None else (element.text or "")
    try:
        return dt.datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def _attribute(element: Element | None, name: str) -> str | None:
    return None if element is None else fitting(element.get(name, "")) or None
