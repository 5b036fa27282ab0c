# SPDX-License-Identifier: Apache-2.0
"""Three realistic sets of metadata: from JSON, from CSV and from DICOM they are the same.

The datasets in tests/golden are written anew by ``python tests/golden/renew.py``.
"""

from __future__ import annotations

from pathlib import Path

import build_metadata
import build_qptiff
import highdicom
import peers
import pytest
import slides
import wsidicom
from pydicom import dcmread

from dicomizer.convert import convert
from dicomizer.dicom.metadata import Optics, SlideMetadata
from dicomizer.dicom.schema.files import read_metadata
from dicomizer.dicom.schema.json import metadata_from_json, metadata_to_json
from dicomizer.dicom.schema.read import metadata_of
from dicomizer.errors import MetadataError
from dicomizer.options import ConvertOptions

GOLDEN = Path(__file__).parent.parent / "golden"
SLIDES = {"he_biopsy": "he_biopsy.svs", "ihc": "ihc.svs", "fluorescence": "fluorescence.tif"}


@pytest.fixture(scope="module", params=SLIDES)
def case(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def told(case) -> SlideMetadata:
    return read_metadata(GOLDEN / f"{case}.json")


@pytest.fixture(scope="module")
def instances(case, told, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("metadata")
    source = folder / SLIDES[case]
    if case == "fluorescence":
        build_qptiff.write_fluorescence(source)
    else:
        slides.write_svs(source)
    convert(source, folder / "out", ConvertOptions(metadata=told))
    return folder / "out"


def test_csv_tells_what_json_tells(case, told):
    found = read_metadata(GOLDEN / "cases.csv", Path("scans") / SLIDES[case])

    assert metadata_to_json(found) == metadata_to_json(told)


def test_csv_as_excel_writes_it_tells_the_same(case, told, tmp_path):
    table = tmp_path / "cases.csv"
    table.write_bytes(build_metadata.as_excel(GOLDEN / "cases.csv"))

    found = read_metadata(table, Path(SLIDES[case]))

    assert metadata_to_json(found) == metadata_to_json(told)


def test_json_with_codes_tells_what_names_tell(told):
    assert metadata_from_json(metadata_to_json(told)) == told


def test_dataset_is_as_it_was(case, told):
    expected = (GOLDEN / f"{case}.dataset.txt").read_text(encoding="utf-8")

    assert build_metadata.golden(told) == expected


def test_instances_tell_what_was_given(told, instances):
    for path in sorted(instances.iterdir()):
        found = metadata_of(dcmread(path))

        assert found.patient == told.patient
        assert found.study == told.study
        assert found.series.operators == told.series.operators
        assert found.specimens == told.specimens
        if told.optics.paths and path.name.startswith("level"):
            assert found.optics.paths == told.optics.paths
        assert found.container.identifier == told.container.identifier
        assert found.container.issuer == told.container.issuer


def test_instance_is_metadata_of_another_conversion(told, instances):
    found = read_metadata(instances / "level-0.dcm")

    assert (found.patient, found.study, found.specimens) == (
        told.patient,
        told.study,
        told.specimens,
    )
    assert found.container.identifier == told.container.identifier
    # The scan is another one: it has its own series, scanner and time.
    assert (found.series, found.equipment, found.optics) == (
        SlideMetadata().series,
        SlideMetadata().equipment,
        SlideMetadata().optics,
    )
    assert found.acquisition_datetime is None


def test_validators_find_nothing(case, instances):
    assert peers.dciodvfy(instances) == []
    assert peers.dciodvfy(instances, "WG26SP2025") == []
    assert peers.dcentvfy(instances) == []


def test_highdicom_reads_every_preparation_step(told, instances):
    for item in dcmread(instances / "level-0.dcm").SpecimenDescriptionSequence:
        # It reads places of one value type only, and TID 8004 has several.
        if "SpecimenLocalizationContentItemSequence" in item:
            del item.SpecimenLocalizationContentItemSequence

        found = highdicom.SpecimenDescription.from_dataset(item)

        (specimen,) = (one for one in told.specimens if one.identifier == found.specimen_id)
        steps = found.specimen_preparation_steps
        assert [step.processing_type.value for step in steps] == [
            step.procedure.value for step in specimen.preparation
        ]
        assert {step.issuer_of_specimen_id for step in steps} == {specimen.issuer}


def test_wsidicom_follows_a_section_to_its_part(instances):
    # It asks for an issuer of the parent, with which highdicom refuses the step.
    tolerant = wsidicom.Settings(strict_specimen_identifier_check=False)

    with wsidicom.use_settings(tolerant), wsidicom.WsiDicom.open(instances) as opened:
        samples = opened.metadata.slide.samples or []

    assert samples
    for sample in samples:
        names = [type(step).__name__ for step in _steps_of(sample)]
        assert {"Fixation", "Embedding"} <= set(names)


def _steps_of(sample):
    """Return the steps of a specimen and of all that it was taken from."""
    found = list(sample.steps or ())
    parents = getattr(sample, "sampled_from", None) or ()
    for sampling in parents if isinstance(parents, list | tuple) else (parents,):
        found += _steps_of(sampling.specimen)
    return found


def test_optical_paths_are_as_given(case, told, instances):
    paths = dcmread(instances / "level-0.dcm").OpticalPathSequence

    found = [
        (
            path.OpticalPathDescription,
            path.IlluminationWaveLength,
            path.ImagePathFilterPassThroughWavelength,
        )
        for path in paths
        if "OpticalPathDescription" in path
    ]

    expected = [("DAPI", 358.0, 461), ("CD8", 495.0, 519), ("Cytokeratin", 590.0, 617)]
    assert found == (expected if case == "fluorescence" else [])


def test_other_number_of_paths_than_the_slide_has_is_an_error(tmp_path):
    told = read_metadata(GOLDEN / "fluorescence.json")
    source = slides.write_svs(tmp_path / "slide.svs").path

    with pytest.raises(MetadataError, match="found 3 paths, the slide has 1"):
        convert(source, tmp_path / "out", ConvertOptions(metadata=told))


def test_given_profile_is_written(tmp_path):
    profile = bytes(36) + b"acsp" + bytes(88)
    source = slides.write_svs(tmp_path / "slide.svs").path
    options = ConvertOptions(metadata=SlideMetadata(optics=Optics(icc_profile=profile)))

    convert(source, tmp_path / "out", options)

    (path,) = dcmread(tmp_path / "out" / "level-0.dcm").OpticalPathSequence
    assert path.ICCProfile == profile
