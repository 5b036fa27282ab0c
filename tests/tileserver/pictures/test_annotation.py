# SPDX-License-Identifier: Apache-2.0
"""Words beside and on pictures."""

from __future__ import annotations

import json

import instances
import numpy as np
import pytest

from dicomizer.dicom.dicom_json import to_json
from tileserver.errors import BadRequestError
from tileserver.pictures.annotation import annotated, legible, read_annotation
from tileserver.pictures.words import patient_words, study_words, technique_words, title


def attributes(**changed):
    return json.loads(to_json(instances.dataset(**changed)))


def code(value, meaning):
    return [instances.item(CodeValue=value, CodingSchemeDesignator="SCT", CodeMeaning=meaning)]


def test_words_of_a_slide():
    stained = instances.item(
        ValueType="CODE",
        ConceptNameCodeSequence=code("424361007", "Using substance"),
        ConceptCodeSequence=code("12710003", "hematoxylin stain"),
    )
    step = instances.item(SpecimenPreparationStepContentItemSequence=[stained, stained])
    specimen = instances.item(SpecimenIdentifier="S24-1 A", SpecimenPreparationSequence=[step])
    path = instances.item(ObjectiveLensPower="20", OpticalPathDescription="Brightfield")
    slide = attributes(
        PatientName="Müller^Änne",
        PatientBirthDate="19700102",
        AccessionNumber="A-7",
        SpecimenDescriptionSequence=[specimen],
        OpticalPathSequence=[path],
    )

    assert patient_words(slide) == [
        ("Patient", "Müller Änne"),
        ("Patient ID", "P-1"),
        ("Birth date", "1970-01-02"),
    ]
    assert study_words(slide) == [("Accession number", "A-7"), ("Study date", "2024-03-17")]
    assert technique_words(slide, (0.4990, 0.4990)) == [
        ("Modality", "SM"),
        ("Slide", "S24-1"),
        ("Specimen", "S24-1 A"),
        ("Staining", "hematoxylin stain"),
        ("Optical path", "Brightfield"),
        ("Objective", "20x"),
        ("Pixel", "0.499 µm"),
    ]
    assert title(slide) == "S24-1"


def test_words_that_are_missing_are_left_out():
    assert patient_words({}) == study_words({}) == technique_words({}, None) == []
    assert patient_words({"00100010": {"vr": "PN"}, "00100020": {"Value": [None]}}) == []
    assert title({}) == "Image"


@pytest.mark.parametrize("samples", [1, 3])
def test_lines_are_white_on_black_at_the_upper_left(samples):
    picture = np.full((400, 600, samples), 128, dtype=np.uint8)

    found = annotated(picture, ["Doe Jane", "P-1"])

    assert found.shape == picture.shape
    assert (picture == 128).all()
    corner = found[:40, :60]
    assert corner.min() == 0
    assert corner.max() == 255
    assert (found[100:] == 128).all()


def test_a_tiny_picture_is_written_on_as_far_as_it_goes():
    assert annotated(np.zeros((3, 4, 3), np.uint8), ["Doe"]).shape == (3, 4, 3)
    assert annotated(np.zeros((3, 4, 3), np.uint8), []).max() == 0


def test_letters_that_a_font_lacks_stand_in_their_basic_form():
    line = "Müller Łódź Straße İnci Ærø 0.499 µm 山田"

    assert legible(line, str.isascii) == "Muller Lodz Strasse Inci AEro 0.499 um ??"
    assert legible(line, lambda _: True) == line


@pytest.mark.parametrize("line", ["Müller", "0.499 µm"])
def test_no_letter_of_a_name_or_unit_is_a_box(line):
    blank = np.zeros((200, 400, 1), np.uint8)

    shown = annotated(blank, [line])

    assert not np.array_equal(shown, annotated(blank, [line.replace("ü", "山").replace("µ", "山")]))


def test_keywords_of_annotation():
    assert read_annotation("patient, technique") == {"patient", "technique"}
    with pytest.raises(BadRequestError, match="'all'"):
        read_annotation("patient,all")


@pytest.mark.parametrize("line", ["W" * 70_000, "\r", "\x85\u2029\x1c", "\0\x1b", "\r\nA\r"])
def test_what_a_value_may_hold_can_be_written(line):
    picture = np.full((48, 64, 3), 128, np.uint8)

    assert annotated(picture, ["Patient: ", line]).shape == (48, 64, 3)


def test_a_value_with_breaks_of_lines_is_one_line():
    picture = np.full((48, 96, 3), 128, np.uint8)

    broken = annotated(picture, ["Doe\r\n\nJane"])

    assert (broken == annotated(picture, ["Doe Jane"])).all()
