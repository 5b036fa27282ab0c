# SPDX-License-Identifier: Apache-2.0
"""Placeholders: written only where nothing is known, and each one told."""

from __future__ import annotations

import datetime as dt

from dicomizer.dicom.metadata import (
    Container,
    Equipment,
    Patient,
    Series,
    SlideMetadata,
    Specimen,
    SpecimenLocation,
    Study,
)
from dicomizer.dicom.placeholders import fill_placeholders
from dicomizer.dicom.uids import Uids, is_uid


def test_nothing_known_gives_an_anonymous_slide_and_a_note_for_each_placeholder():
    filled, notes = fill_placeholders(SlideMetadata(), "slide-7", Uids())

    assert filled.patient.name == "Anonymous^"
    assert filled.patient.id is not None
    assert filled.patient.id.startswith("ANON-")
    assert filled.container.identifier == "slide-7"
    assert filled.specimens[0].identifier == "slide-7"
    assert filled.equipment == Equipment("Unknown", "Unknown", "Unknown", ("Unknown",))
    assert filled.study.date is None
    assert [note.split(":")[0] for note in notes] == [
        "no patient given",
        "no container given",
        "no anatomy given",
        "no preparation given",
        "scanner manufacturer, model, serial number, software version not known",
        "time of scanning not known",
    ]


def test_identifiers_are_new_each_time():
    first, _ = fill_placeholders(SlideMetadata(), "a", Uids())
    second, _ = fill_placeholders(SlideMetadata(), "a", Uids())

    assert first.patient.id != second.patient.id
    assert first.study.uid != second.study.uid
    assert is_uid(first.study.uid or "")
    assert is_uid(first.series.uid or "")


def test_what_is_known_is_kept():
    known = SlideMetadata(
        patient=Patient(id="7"),
        study=Study(uid="1.2.3", id="9", date=dt.date(2020, 1, 1)),
        series=Series(uid="1.2.4", number=4),
        container=Container(identifier="C"),
        specimens=(Specimen(identifier="S", uid="1.2.5"),),
        equipment=Equipment("M", "N", "O", ("P",)),
        acquisition_datetime=dt.datetime(2021, 2, 3, tzinfo=dt.UTC),
    )

    filled, _ = fill_placeholders(known, "a", Uids())

    assert filled == known


def test_file_name_is_cut_to_what_dicom_can_hold():
    filled, _ = fill_placeholders(SlideMetadata(), "x\\y" * 40, Uids())

    assert filled.container.identifier == ("x_y" * 40)[:64]


def test_several_specimens_have_names_of_their_own_and_a_place():
    told = SpecimenLocation(description="left")
    metadata = SlideMetadata(
        container=Container(identifier="S-1"), specimens=(Specimen(location=told), Specimen())
    )

    filled, notes = fill_placeholders(metadata, "slide", Uids())

    first, second = filled.specimens
    assert (first.identifier, second.identifier) == ("S-1-1", "S-1-2")
    assert (first.location, second.location) == (told, SpecimenLocation(description="Unknown"))
    assert 'places of several specimens not given: written as "Unknown"' in notes
