# SPDX-License-Identifier: Apache-2.0
"""Metadata from a table: which row is a slide's, what columns mean, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dicomizer.dicom import codes
from dicomizer.dicom.metadata import Code, Operator, PreparationStep, Text
from dicomizer.dicom.schema.columns import COLUMNS
from dicomizer.dicom.schema.table import metadata_of_row
from dicomizer.errors import MetadataError

HEMATOXYLIN = Code("12710003", "SCT", "hematoxylin stain")
EOSIN = Code("36879007", "SCT", "water soluble eosin stain")


def row(**cells: str) -> str:
    """Return a table of one row."""
    cells = {"slide": "a.svs", **cells}
    return ",".join(cells) + "\n" + ",".join(f'"{cell}"' for cell in cells.values()) + "\n"


@pytest.mark.parametrize(
    ("cell", "slide"),
    [
        ("a.svs", "a.svs"),
        ("a.svs", "/scans/monday/a.svs"),
        ("monday/a.svs", "/scans/monday/a.svs"),
        ("./monday/a.svs", "/scans/monday/a.svs"),
        ("/scans/monday/a.svs", "/scans/monday/a.svs"),
        (r"monday\a.svs", "/scans/monday/a.svs"),
    ],
)
def test_row_is_found_by_name_or_by_the_end_of_the_path(cell, slide):
    table = f"slide,patient_id\nb.svs,2\n{cell},1\n"

    assert metadata_of_row(table, Path(slide)).patient.id == "1"


@pytest.mark.parametrize(
    "table",
    [
        "slide;patient_id\r\na.svs;1\r\n",
        "slide\tpatient_id\na.svs\t1\n",
        "sep=;\r\nslide;patient_id\r\na.svs;1\r\n",
        'Slide , "Patient ID"\n a.svs , 1 \n\n , \n',
        "patient-id,slide,\n1,a.svs,\n",
    ],
)
def test_what_spreadsheets_write_is_read(table):
    assert metadata_of_row(table.replace(', "P', ',"P'), Path("a.svs")).patient.id == "1"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("slide,patient_id\nb.svs,1\n", 'no row has "a.svs" in the column "slide"'),
        ("slide,patient_id\n", 'no row has "a.svs" in the column "slide"'),
        (
            "slide,patient_id\nx/a.svs,1\na.svs,2\n",
            'the rows of lines 2 and 3 are of "a.svs"; '
            "give one row for each slide, or more of its path",
        ),
        (
            "slide,patient_id\nb.svs,1\nb.svs,2\na.svs,3\n",
            '"b.svs" is there twice, in lines 2 and 3; give one row for each slide',
        ),
        ("patient_id\n1\n", 'line 1: there is no column "slide"'),
        ("", 'line 1: there is no column "slide"'),
        (
            "slide,pateint_id\na.svs,1\n",
            'line 1: unknown column "pateint_id"; did you mean "patient_id"?',
        ),
        ("slide,patient_id_2\na.svs,1\n", 'line 1: unknown column "patient_id_2"'),
        ("slide,patient_id,Patient ID\n", 'line 1: the column "patient_id" is there twice'),
        ("slide,patient_id\n,1\n", "line 2: slide: the cell is empty"),
        ("slide,patient_id\na.svs,1,2\n", "line 2: found 3 cells, expected 2"),
        ("slide,\na.svs,1\n", "line 2: column 2 has no name"),
        ('slide,patient_id\na.svs,"1', "no CSV"),
        (
            "slide,patient_sex\nb.svs,M\na.svs,female\n",
            'line 3: patient_sex: found "female", expected one of M, F, O',
        ),
        (
            "slide,specimen_id,stains_2\na.svs,A,hematoxilin\n",
            'line 2: stains_2: "hematoxilin" is no name of a concept in CID 8112; '
            'did you mean "hematoxylin stain"?',
        ),
        ("slide,sectioning,block\na.svs,block sectioning,A1\n", "line 2: block_type: expected one"),
        ("slide,staining_operator\na.svs,Doe\n", "line 2: stains: expected stains in every step"),
        (
            "slide,channel_name,channel_emission_nm\na.svs,DAPI|Cy3,461\n",
            "found lists of different lengths: channel_name 2, channel_emission_nm 1",
        ),
        ("slide,objective_power\na.svs,forty\n", 'line 2: objective_power: found "forty"'),
    ],
)
def test_what_is_not_clear_is_an_error(table, message):
    with pytest.raises(MetadataError, match=re.escape(message)):
        metadata_of_row(table, Path("/x/a.svs"))


def test_row_of_another_slide_may_have_errors():
    table = "slide,patient_sex\nb.svs,female\na.svs,M\n"

    assert metadata_of_row(table, Path("a.svs")).patient.sex == "M"


def test_without_a_slide_only_a_table_of_one_row_is_clear():
    assert metadata_of_row("slide,patient_id\na.svs,1\n", None).patient.id == "1"
    with pytest.raises(MetadataError, match="found 2 rows, expected one; name the slide"):
        metadata_of_row("slide,patient_id\na.svs,1\nb.svs,2\n", None)


@pytest.mark.parametrize(
    ("cell", "stains"),
    [
        ("H&E", (HEMATOXYLIN, EOSIN)),
        ("haematoxylin | Eosin", (HEMATOXYLIN, EOSIN)),
        ("36879007^any words^SCT", (EOSIN,)),
        ("text: DAPI|12710003^hematoxylin^SCT", (Text("DAPI"), HEMATOXYLIN)),
    ],
)
def test_stains_are_names_codes_or_words(cell, stains):
    (specimen,) = metadata_of_row(row(stains=cell), None).specimens

    assert specimen.preparation == (PreparationStep(codes.STAINING, stains=stains),)


def test_antibody_is_in_words_and_counterstain_a_code():
    table = row(counterstain="haematoxylin", antibody="Anti-p53|Anti-p63", staining_operator="Doe")

    (specimen,) = metadata_of_row(table, None).specimens

    assert specimen.preparation == (
        PreparationStep(
            codes.STAINING,
            operator="Doe",
            description="Primary antibody",
            stains=(Text("Anti-p53"), Text("Anti-p63")),
        ),
        PreparationStep(
            codes.STAINING, operator="Doe", description="Counterstain", stains=(HEMATOXYLIN,)
        ),
    )


def test_columns_with_numbers_are_of_further_specimens():
    table = row(specimen_id_3="C", specimen_id="A", anatomy_2="lung", location_x_mm_2="1.5")

    first, second, third = metadata_of_row(table, None).specimens

    assert (first.identifier, second.identifier, third.identifier) == ("A", None, "C")
    assert second.location.x_mm == 1.5
    assert second.anatomic_structure == Code("39607008", "SCT", "Lung")


def test_operators_stand_side_by_side_with_their_numbers():
    table = row(
        operator="Doe^Jane|Roe^Richard",
        operator_identification="1^Jane^L|2^Richard^L",
        operator_institution="X|Y",
    )

    assert metadata_of_row(table, None).series.operators == (
        Operator("Doe^Jane", Code("1", "L", ""), "X"),
        Operator("Roe^Richard", Code("2", "L", ""), "Y"),
    )


def test_every_column_is_in_the_readme(request):
    readme = (request.config.rootpath / "README.md").read_text(encoding="utf-8")

    assert [name for name in COLUMNS if f"`{name}`" not in readme] == []
