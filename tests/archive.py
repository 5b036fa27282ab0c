# SPDX-License-Identifier: Apache-2.0
"""Two known studies for tests that only read.

Study 1.2.3.1 (Doe^Jane, 2024) has a slide series with a JPEG and a native instance, and a report;
study 1.2.3.2 (Müller^Änne, 2023) has an HTJ2K slide with bulk values and a specimen.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import instances
from servers import Server

JPEG_FRAMES = (instances.jpeg(10), instances.jpeg(60, odd=True), instances.jpeg(110))
NATIVE_FRAMES = (bytes(range(256)) * 3, b"\x07" * 765 + b"\xff\xd9\x00")
HTJ2K_FRAMES = (b"\xff\x4f\xff\x51first!\xff\xd9", b"\xff\x4f\xff\x51seconds\xff\xd9")
ICC_PROFILE = bytes(range(200)) * 3
COORDINATES = b"\x00\x00\x80\x3f\x00\x00\x00\x40"
REPORT = "1.2.840.10008.5.1.4.1.1.88.34"
HTJ2K = "1.2.840.10008.1.2.4.201"


@dataclass(frozen=True)
class Archive:
    """A server and the files that were stored."""

    server: Server
    files: dict[str, bytes] = field(repr=False)


def _doe(series: int, number: int) -> dict[str, object]:
    return {
        "StudyInstanceUID": "1.2.3.1",
        "SeriesInstanceUID": f"1.2.3.1.{series}",
        "SOPInstanceUID": f"1.2.3.1.{series}.{number}",
        "SeriesNumber": series,
        "InstanceNumber": number,
        "AccessionNumber": "A-1",
        "StudyTime": "102030",
        "StudyDescription": "Breast, left",
    }


def _jpeg_slide() -> bytes:
    return instances.written(instances.slide(JPEG_FRAMES, **_doe(1, 1)))


def _native_slide() -> bytes:
    return instances.written(
        instances.native(b"".join(NATIVE_FRAMES), 2, ImageType=["ORIGINAL"], **_doe(1, 2))
    )


def _report() -> bytes:
    return instances.written(
        instances.dataset(SOPClassUID=REPORT, **_doe(2, 1) | {"Modality": "SR"})
    )


def _muller_slide() -> bytes:
    specimen = instances.item(SpecimenIdentifier="S23-9 A1", SpecimenUID="1.2.3.2.9")
    return instances.written(
        instances.slide(
            HTJ2K_FRAMES,
            HTJ2K,
            StudyInstanceUID="1.2.3.2",
            SeriesInstanceUID="1.2.3.2.1",
            SOPInstanceUID="1.2.3.2.1.1",
            PatientName="Müller^Änne",
            PatientID="P-2[x]",
            StudyDate="20231101",
            SpecimenDescriptionSequence=[specimen],
            OpticalPathSequence=[instances.item(ICCProfile=ICC_PROFILE)],
            PointCoordinatesData=COORDINATES,
        )
    )


def build() -> dict[str, bytes]:
    """Return the files of both studies."""
    return {
        "jpeg": _jpeg_slide(),
        "native": _native_slide(),
        "report": _report(),
        "muller": _muller_slide(),
    }
