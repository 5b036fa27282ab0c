# SPDX-License-Identifier: Apache-2.0
"""Files of many kinds for one archive: known studies, pictures, converted slides, odd ones."""

from __future__ import annotations

import zlib
from pathlib import Path

import archive
import instances
import picture_archive
import slides
from pydicom.dataset import FileDataset

from dicomizer.convert import convert

CT = "1.2.840.10008.5.1.4.1.1.2"
LONG_STUDY = "1.2.7.2"
SHARED_STUDY = "1.2.7.1"
SHARED = tuple(f"{SHARED_STUDY}.{series}.{number}" for series in (1, 2) for number in range(1, 5))
"""Instances of one study that do not agree on what it is."""


def build(folder: Path) -> list[bytes]:
    """Return all files; slides are written and converted in a folder."""
    return [
        *archive.build().values(),
        *shared(),
        *picture_archive.build(),
        *_converted(folder),
        _long(),
        _deflated(),
        _accents(),
    ]


def shared() -> list[bytes]:
    """Return the instances of `SHARED`, in order; each tells other values of study and series."""
    names = ("Ångström^Anna", "Doe^Jane", "Roe^Richard", "山田^太郎")
    return [_shared(uid, names[number % 4], number) for number, uid in enumerate(SHARED)]


def _shared(uid: str, name: str, number: int) -> bytes:
    return instances.written(
        instances.dataset(
            SOPClassUID=CT,
            Modality=("CT", "SM", "MR", "SR")[number % 4],
            StudyInstanceUID=SHARED_STUDY,
            SeriesInstanceUID=uid.rpartition(".")[0],
            SOPInstanceUID=uid,
            InstanceNumber=9 - number,
            PatientName=name,
            PatientID=f"P-{number}",
            AccessionNumber=f"A-{number}",
            StudyDate=f"202403{10 + number}",
            StudyDescription=f"as told by {number}",
            SeriesDescription=f"as told by {number}",
        )
    )


def _converted(folder: Path) -> list[bytes]:
    """Return the instances of a slide of an Aperio scanner, with label and overview."""
    made = slides.write_svs(folder / "slide.svs")
    convert(made.path, folder / "converted")
    return [path.read_bytes() for path in sorted((folder / "converted").glob("*.dcm"))]


def _long(frames: int = 900) -> bytes:
    """Return an instance whose attributes of each frame are kept apart in the index."""
    positions = [
        instances.item(
            PlanePositionSlideSequence=[
                instances.item(
                    ColumnPositionInTotalImagePixelMatrix=16 * number + 1,
                    RowPositionInTotalImagePixelMatrix=1,
                )
            ]
        )
        for number in range(frames)
    ]
    return _in_long_study(
        1,
        instances.slide(
            [instances.jpeg(number % 7) for number in range(frames)],
            DimensionOrganizationType="TILED_SPARSE",
            PerFrameFunctionalGroupsSequence=positions,
        ),
    )


def _accents() -> bytes:
    return _in_long_study(
        2,
        instances.dataset(
            PatientName="Müller-Lüdenscheidt^Änne^^Dr.=山田^太郎=やまだ^たろう",
            StudyDate="20231101",
            OtherPatientIDs=["1\\2", "<b>&amp;"],
            ImageComments="line\r\nline\ttab \u20ac",
        ),
    )


def _deflated() -> bytes:
    plain = _in_long_study(3, instances.dataset())
    meta_length = int.from_bytes(plain[140:144], "little")
    begin = 144 + meta_length
    explicit, deflated = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99"
    head = bytearray(plain[:begin].replace(b"\x14\0" + explicit, b"\x16\0" + deflated))
    head[140:144] = (meta_length + len(deflated) - len(explicit)).to_bytes(4, "little")
    coder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = coder.compress(plain[begin:]) + coder.flush()
    return bytes(head) + body + b"\0" * (len(body) % 2)


def _in_long_study(number: int, found: FileDataset) -> bytes:
    found.StudyInstanceUID = LONG_STUDY
    found.SeriesInstanceUID, found.SOPInstanceUID = f"{LONG_STUDY}.1", f"{LONG_STUDY}.1.{number}"
    return instances.written(found)
