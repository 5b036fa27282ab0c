# SPDX-License-Identifier: Apache-2.0
"""An instance that contradicts its study is stored as it came, and its sender is told."""

from __future__ import annotations

import logging

import instances
import pytest

from tileserver.app import open_services
from tileserver.services.misplaced import is_of_another_patient
from tileserver.services.oddities import Oddity
from tileserver.settings import Settings


@pytest.fixture
def services(tmp_path):
    opened, index = open_services(Settings(data=tmp_path))
    yield opened
    opened.close()
    index.close()


def file_of(number: int, study: str = "1.2.3", series: str = "1.2.3.4", **attributes) -> bytes:
    found = instances.dataset(
        StudyInstanceUID=study,
        SeriesInstanceUID=series,
        SOPInstanceUID=f"{study}.9.{number}",
        **attributes,
    )
    return instances.written(found)


def store(services, *files: bytes) -> list[Oddity | None]:
    several = [services.ingest.receive() for _ in files]
    for incoming, file in zip(several, files, strict=True):
        incoming.write(file)
    outcomes = services.ingest.accept_all(several)
    for incoming in several:
        incoming.__exit__(None, None, None)
    return [outcome.warning for outcome in outcomes]


def test_each_of_a_request_is_told_and_the_log_has_how_many(services, caplog):
    files = [file_of(1), file_of(2, PatientID="P-2"), file_of(3), file_of(4, PatientID="P-2")]

    with caplog.at_level(logging.WARNING, "tileserver"):
        warnings = store(services, *files)

    assert warnings == [None, Oddity.OTHER_PATIENT, None, Oddity.OTHER_PATIENT]
    assert [record.getMessage() for record in caplog.records] == [
        "2 stored though the patient is not that of the study"
    ]


def test_a_series_of_two_studies_is_told(services):
    assert store(services, file_of(1)) == [None]
    assert store(services, file_of(1, study="1.2.4")) == [Oddity.OTHER_STUDY]


def test_what_comes_again_is_told_what_holds_now(services):
    first, second = file_of(1), file_of(2, PatientID="P-2", PatientName="Roe^Richard")

    assert store(services, first) + store(services, second) == [None, Oddity.OTHER_PATIENT]
    assert store(services, second) == [Oddity.OTHER_PATIENT]
    services.delete.delete("1.2.3", "1.2.3.4", "1.2.3.9.1")
    assert store(services, second) == [None]
    assert store(services, first) == [Oddity.OTHER_PATIENT]


def attributes_of(patient: str = "", issuer: str = "", **name: str) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {
        "00100020": {"vr": "LO", "Value": [patient]},
        "00100021": {"vr": "LO", "Value": [issuer]},
        "00100010": {"vr": "PN", "Value": [name]},
    }
    return {tag: value if any(value["Value"]) else {"vr": "LO"} for tag, value in found.items()}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (attributes_of("A"), attributes_of("A"), False),
        (attributes_of("A"), attributes_of("A "), False),
        (attributes_of("A"), attributes_of("B"), True),
        (attributes_of("A"), attributes_of(""), True),
        (attributes_of("A"), {}, True),
        (attributes_of("A", "X"), attributes_of("A", "Y"), True),
        (attributes_of("A", "X"), attributes_of("A"), False),
        (attributes_of(Alphabetic="Doe^Jane"), attributes_of(Alphabetic="DOE^JANE^"), False),
        (attributes_of(Alphabetic="Müller"), attributes_of(Alphabetic="Muller"), False),
        (attributes_of(Alphabetic="Doe^Jane"), attributes_of(Alphabetic="Roe^Jane"), True),
        (attributes_of(Alphabetic="Doe^Jane"), attributes_of(), False),
        (attributes_of(Ideographic="山田"), attributes_of(Alphabetic="Yamada"), False),
        (
            attributes_of(Alphabetic="Yamada", Ideographic="山田"),
            attributes_of(Alphabetic="Yamada", Ideographic="山本"),
            False,
        ),
    ],
)
def test_patients_are_told_apart(one, other, expected):
    assert is_of_another_patient(one, other) is expected
    assert is_of_another_patient(other, one) is expected
