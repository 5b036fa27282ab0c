# SPDX-License-Identifier: Apache-2.0
"""Records of small instances whose values follow from their numbers, for tests of searches."""

from __future__ import annotations

import json
from dataclasses import replace

from tileserver.index import InstanceRecord, Metadata
from tileserver.index.attributes import SERIES_ATTRIBUTES, STUDY_ATTRIBUTES, picked

STAIN = ("00400560", "00400610", "00400612", "0040A168")


def one(vr: str, value: object) -> dict[str, object]:
    return {"vr": vr, "Value": [value]}


def code(value: str, scheme: str) -> dict[str, object]:
    return {"00080100": one("SH", value), "00080102": one("SH", scheme)}


def metadata(study: int, series: int, number: int) -> str:
    """Return attributes; in some studies the instances of a series differ in what has a key."""
    stain = "C" if number == 1 and study % 3 == 0 else "A"
    codes = {"vr": "SQ", "Value": [code(stain, "SCT"), code("B", "99X")]}
    step = {"00400612": one("SQ", {"0040A168": codes})}
    specimen = {"00400551": one("LO", f"S{study}"), "00400610": one("SQ", step)}
    attributes = {
        "00080019": one("UI", f"1.{study}.{series}.{7 + number * (study % 2)}"),
        "00280010": one("US", 16),
        "00400560": one("SQ", specimen),
    }
    return json.dumps(attributes, sort_keys=True)


INSTANCE = InstanceRecord(
    study_instance_uid="1.1",
    series_instance_uid="1.1.1",
    sop_instance_uid="1.1.1.1",
    sop_class_uid="1.2",
    transfer_syntax_uid="1.2.840.10008.1.2.1",
    key="ab" * 32,
    sha256=b"digest",
    size=7,
    study={},
    series={},
    metadata=Metadata.of_text(metadata(1, 1, 1)),
    frames=None,
)
NAMES = ("Doe^Jane", "Doe^John", "Müller^Änne", "Roe^Richard", "Yamada^Taro")


def instance_of(study: int, series: int, number: int) -> InstanceRecord:
    name = {"Alphabetic": NAMES[study % 5]}
    if study % 5 == 4:
        name["Ideographic"] = "山田^太郎"
    record = replace(
        INSTANCE,
        study_instance_uid=f"1.{study}",
        series_instance_uid=f"1.{study}.{series}",
        sop_instance_uid=f"1.{study}.{series}.{number}",
    )
    upper = {
        "00080020": one("DA", f"202401{study * 7 % 20 + 1:02d}"),
        "00080050": one("SH", f"A{study % 3}"),
        "00100010": one("PN", name),
        "00100020": one("LO", f"P{study % 4}"),
        "00080060": one("CS", "SM" if series else "SR"),
        "00400512": one("LO", f"C{study}-{series}"),
    }
    return saying(record, json.loads(metadata(study, series, number)) | upper)


def saying(record: InstanceRecord, attributes: dict[str, object]) -> InstanceRecord:
    """Return a record with other attributes, of its study and series, too."""
    found = Metadata.of_text(json.dumps(attributes, sort_keys=True))
    return replace(
        record,
        study=picked(found.attributes, STUDY_ATTRIBUTES),
        series=picked(found.attributes, SERIES_ATTRIBUTES),
        metadata=found,
    )
