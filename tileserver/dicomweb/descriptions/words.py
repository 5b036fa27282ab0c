# SPDX-License-Identifier: Apache-2.0
"""Paths and parameters that several tables name."""

from __future__ import annotations

from tileserver.described.model import Answer, Parameter, Place
from tileserver.described.schemas import pattern

STUDY = "/studies/{study}"
SERIES = STUDY + "/series/{series}"
INSTANCE = SERIES + "/instances/{instance}"
LEVELS = (("Study", STUDY), ("Series", SERIES), ("Instance", INSTANCE))
DICOM, JSON, DICOM_JSON = "application/dicom", "application/json", "application/dicom+json"
DICOM_XML, OCTETS, MULTIPART = (
    "application/dicom+xml",
    "application/octet-stream",
    "multipart/related",
)
FRAME_TYPES = (
    "image/jpeg",
    "image/jls",
    "image/jp2",
    "image/jpx",
    "image/jxl",
    "image/jphc",
    "image/dicom-rle",
    OCTETS,
)
REPORTS = ("text/html", "text/plain", "text/xml")
PDF, ZIP = "application/pdf", "application/zip"
UNCHANGED = Answer(status=304, meaning="It is what If-None-Match or If-Modified-Since names.")


def _uid(name: str, meaning: str) -> Parameter:
    return Parameter(name=name, meaning=meaning, place=Place.PATH, schema=pattern("^[^/]+$"))


PATH_PARAMETERS = (
    _uid("study", "Study Instance UID."),
    _uid("series", "Series Instance UID."),
    _uid("instance", "SOP Instance UID."),
    Parameter(
        name="frames",
        meaning="Frame numbers from 1, parted by commas.",
        place=Place.PATH,
        schema=pattern(r"^0*[1-9][0-9]{0,8}(,0*[1-9][0-9]{0,8})*$"),
        example="1",
    ),
    Parameter(
        name="path",
        meaning="Where the value is: tags and item numbers as in its Bulk Data URI.",
        place=Place.PATH,
        schema=pattern("^[^/]+$"),
        example="7FE00010",
    ),
)
