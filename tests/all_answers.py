# SPDX-License-Identifier: Apache-2.0
"""Everything that a server answers about what it has, to compare before with after."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from servers import Server

JSON = "application/dicom+json"
XML = 'multipart/related; type="application/dicom+xml"'
ANY_FRAME = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
ANY_FILE = 'multipart/related; type="application/dicom"; transfer-syntax=*'
LEVELS = ("studies", "series", "instances")
_FORMS = ("", "includefield=all", "limit=3&offset=2", "includefield=00080005,Manufacturer")
_KEYS = (
    "PatientName=*", "PatientName=doe*", "PatientName=*nn*", "PatientName=M%C3%BCller*",
    "PatientName=%E5%B1%B1*", "PatientName=anna&fuzzymatching=true", "PatientID=P-1",
    "PatientID=P*", "PatientID=", "AccessionNumber=A-1", "AccessionNumber=A*", "StudyID=*",
    "StudyDate=20240101-20241231", "StudyDate=-20231231", "StudyDate=20240317",
    "StudyDate=20240101-&StudyTime=100000-110000", "StudyInstanceUID=1.2.7.1,1.2.3.1,1.2.9.1",
    "StudyDescription=*told*", "ModalitiesInStudy=CT",
    "ModalitiesInStudy=SM%5CCT&multiplevaluematching=true",
    "Modality=SM", "Modality=S*", "SeriesInstanceUID=1.2.7.1.1",
    "SeriesDescription=as%20told%20by%201",
    "SOPInstanceUID=1.2.7.1.1.2", "SOPClassUID=1.2.840.10008.5.1.4.1.1.2", "InstanceNumber=1",
    "NumberOfFrames=3", "ImageType=LABEL", "ContainerIdentifier=S24-1", "ContainerIdentifier=S*",
    "00400560.00400551=S23-9%20A1", "00400560.00400554=1.2.3.2.9", "PyramidUID=1.2.9.1.1.99",
    "FrameOfReferenceUID=1.2.9.1.1.98", "AvailableTransferSyntaxUID=1.2.840.10008.1.2.4.201",
    "TotalPixelMatrixColumns=700", "PatientName=", "PatientName=&emptyvaluematching=true",
)  # fmt: skip
"""Of each kind of key and of matching; what none matches is an answer, too."""


Answers = dict[str, tuple[int, bytes]]
"""Status and body by what was asked."""


def all_answers(server: Server) -> Answers:
    """Return status and body by what was asked."""
    return {
        f"{path} {accept or ''}": _answer(server, path, accept)
        for path, accept in (*searches(), *retrieved(server), *_told())
    }


def _answer(server: Server, path: str, accept: str | None) -> tuple[int, bytes]:
    answer = server.http.get(path, headers={"Accept": accept} if accept else {})
    return answer.status_code, without_boundary(answer.headers, answer.content)


def without_boundary(headers, body: bytes) -> bytes:
    """Return a body as it is each time: boundaries are new in each answer."""
    found = re.search(r'boundary="?([^";]+)', headers.get("content-type", ""))
    return body.replace(found[1].encode(), b"boundary") if found else body


def searches() -> Iterator[tuple[str, str]]:
    """Yield searches of each kind, and what is accepted."""
    for level in LEVELS:
        for asked in _FORMS:
            for accept in (JSON, XML):
                yield f"/dicomweb/{level}?{asked}", accept
        for number, asked in enumerate(_KEYS):
            yield f"/dicomweb/{level}?{asked}", XML if number % 5 == 0 else JSON


def retrieved(server: Server) -> Iterator[tuple[str, str | None]]:
    """Yield what there is to retrieve of all that is stored, and what is accepted."""
    found = server.get("/instances?includefield=NumberOfFrames&limit=1000", JSON).json()
    studies = {}
    for item in found:
        study, series, uid = (item[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018"))
        frames = item.get("00280008", {"Value": [0]})["Value"][0]
        studies.setdefault(study, {}).setdefault(series, []).append(uid)
        yield from _of_instance(
            f"/dicomweb/studies/{study}/series/{series}/instances/{uid}", frames
        )
    for study, below in studies.items():
        yield from _of_level(f"/dicomweb/studies/{study}", ("series", "instances"))
        for series in below:
            place = f"/dicomweb/studies/{study}/series/{series}"
            yield from _of_level(place, ("instances",))
            yield f"/tiles/{study}/{series}/iiif/info.json", None


def _of_level(place: str, below: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    yield place, ANY_FILE
    for accept in (JSON, XML):
        yield f"{place}/metadata", accept
        for level in below:
            yield f"{place}/{level}?includefield=all", accept


def _of_instance(place: str, frames: int) -> Iterator[tuple[str, str | None]]:
    for accept in (JSON, XML):
        yield f"{place}/metadata", accept
    yield place, "application/dicom; transfer-syntax=*"
    some = [number for number in (1, 2, frames // 2, frames) if 1 <= number <= frames]
    for number in sorted(set(some)):
        yield f"{place}/frames/{number}", ANY_FRAME
    if some:
        yield f"{place}/frames/{','.join(map(str, some))}", ANY_FRAME


def _told() -> Iterator[tuple[str, None]]:
    yield "/changes?since=0&limit=1000", None
    yield "/conformance", None


def differences(before: Answers, after: Answers) -> list[str]:
    """Return what was asked where the answer is another now."""
    return [asked for asked in before | after if before.get(asked) != after.get(asked)]


def stored_uids(server: Server) -> list[str]:
    """Return the UIDs of all instances, in the order of answers."""
    answer = server.get("/instances?limit=1000", JSON)
    return [item["00080018"]["Value"][0] for item in json.loads(answer.content or b"[]")]
