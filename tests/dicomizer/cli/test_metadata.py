# SPDX-License-Identifier: Apache-2.0
"""``dicomizer metadata``, and tables given to ``convert --metadata``."""

from __future__ import annotations

import json

import pytest
import slides
from click.testing import CliRunner
from pydicom import dcmread

from dicomizer.cli.program import group
from dicomizer.dicom.schema.json import metadata_from_json, metadata_to_json
from dicomizer.dicom.schema.json_schema import metadata_schema
from dicomizer.errors import MetadataError


def run(*arguments: object):
    return CliRunner().invoke(
        group, [str(item) for item in arguments], standalone_mode=False, catch_exceptions=True
    )


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "cases.csv"
    path.write_text("slide,patient_id,stains\na.svs,1,H&E\nb.svs,2,eosin\n")
    return path


def test_metadata_is_shown_as_json_that_can_be_given_again(table):
    done = run("metadata", table, "--slide", "b.svs")

    shown = json.loads(done.output)
    assert shown["patient"] == {"id": "2"}
    assert metadata_to_json(metadata_from_json(shown)) == shown


def test_schema_is_shown():
    assert json.loads(run("metadata", "--schema").output) == metadata_schema()


def test_either_file_or_schema_is_needed(table):
    assert "give either FILE or --schema" in str(run("metadata").exception)
    assert "give either FILE or --schema" in str(run("metadata", table, "--schema").exception)


def test_each_slide_gets_its_row(table, tmp_path):
    source = slides.write_svs(tmp_path / "b.svs").path
    other = slides.write_svs(tmp_path / "c.svs").path

    done = run("convert", source, tmp_path / "out", "--metadata", table, "-q")
    refused = run("convert", other, tmp_path / "other", "--metadata", table, "-q")

    assert done.exception is None
    assert dcmread(tmp_path / "out" / "level-0.dcm").PatientID == "2"
    assert isinstance(refused.exception, MetadataError)
    assert 'cases.csv: no row has "c.svs"' in str(refused.exception)
    assert not (tmp_path / "other").exists()
