# SPDX-License-Identifier: Apache-2.0
"""Conversions from file to folder: what is written, byte by byte where it matters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
import slides
from pydicom.encaps import generate_frames

from dicomizer.convert import convert
from dicomizer.dicom import codes
from dicomizer.dicom.metadata import (
    Code,
    Container,
    Patient,
    PreparationStep,
    SlideMetadata,
    Specimen,
    Study,
)
from dicomizer.errors import CorruptSourceError, TargetError
from dicomizer.options import ConvertOptions, Levels
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.color import srgb_profile


def instances(folder: Path) -> dict[str, pydicom.FileDataset]:
    return {path.stem: pydicom.dcmread(path) for path in sorted(folder.iterdir())}


def frames(dataset: pydicom.Dataset) -> list[bytes]:
    return list(generate_frames(dataset.PixelData, number_of_frames=dataset.NumberOfFrames))


@pytest.fixture(scope="module")
def converted(tmp_path_factory) -> tuple[slides.BuiltSlide, dict[str, pydicom.FileDataset]]:
    folder = tmp_path_factory.mktemp("converted")
    built = slides.write_svs(folder / "case.svs")
    convert(built.path, folder / "out")
    return built, instances(folder / "out")


def test_an_instance_for_each_level_and_image(converted):
    _, found = converted

    assert {name: tuple(item.ImageType) for name, item in found.items()} == {
        "level-0": ("ORIGINAL", "PRIMARY", "VOLUME", "NONE"),
        "level-1": ("DERIVED", "PRIMARY", "VOLUME", "RESAMPLED"),
        "thumbnail": ("DERIVED", "PRIMARY", "THUMBNAIL", "RESAMPLED"),
        "label": ("ORIGINAL", "PRIMARY", "LABEL", "NONE"),
        "overview": ("ORIGINAL", "PRIMARY", "OVERVIEW", "NONE"),
    }


def test_the_instances_belong_together(converted):
    _, found = converted

    for keyword in (
        "StudyInstanceUID",
        "SeriesInstanceUID",
        "FrameOfReferenceUID",
        "PatientID",
        "ContainerIdentifier",
        "AcquisitionUID",
    ):
        assert len({item[keyword].value for item in found.values()}) == 1
    assert len({item.SOPInstanceUID for item in found.values()}) == 5
    assert {name for name, item in found.items() if "PyramidUID" in item} == {
        "level-0",
        "level-1",
        "thumbnail",
    }


def test_every_scan_is_the_stored_one_and_lies_in_row_order(converted):
    built, found = converted

    for level, streams in enumerate(built.streams):
        written = frames(found[f"level-{level}"])
        assert [slides.scan(item) for item in written] == [slides.scan(item) for item in streams]


def test_geometry_is_exact_and_consistent(converted):
    _, found = converted

    rows = {
        name: (
            item.TotalPixelMatrixColumns,
            item.TotalPixelMatrixRows,
            item.Columns,
            item.Rows,
            item.NumberOfFrames,
            item.DimensionOrganizationType,
            [
                float(v)
                for v in item.SharedFunctionalGroupsSequence[0]
                .PixelMeasuresSequence[0]
                .get("PixelSpacing", [])
            ],
            round(item.get("ImagedVolumeWidth", 0), 6),
            round(item.get("ImagedVolumeHeight", 0), 6),
        )
        for name, item in found.items()
    }
    assert rows == {
        "level-0": (300, 200, 64, 64, 20, "TILED_FULL", [0.0005, 0.0005], 0.15, 0.1),
        "level-1": (75, 50, 64, 64, 2, "TILED_FULL", [0.002, 0.002], 0.15, 0.1),
        "thumbnail": (150, 100, 150, 100, 1, "TILED_FULL", [0.001, 0.001], 0.15, 0.1),
        "label": (87, 63, 87, 63, 1, "TILED_FULL", [], 0, 0),
        "overview": (160, 54, 160, 54, 1, "TILED_FULL", [], 0, 0),
    }


def test_what_the_scanner_wrote_is_mapped(converted):
    _, found = converted
    item = found["level-0"]

    assert item.Manufacturer == "Aperio"
    assert item.DeviceSerialNumber == "SS1234"
    assert item.SoftwareVersions == "Aperio Image Library v12.0.15"
    assert item.AcquisitionDateTime == "20240317102030-0500"
    assert (item.StudyDate, item.StudyTime) == ("20240317", "102030")
    assert item.OpticalPathSequence[0].ObjectiveLensPower == 20
    assert item.OpticalPathSequence[0].ICCProfile == srgb_profile()


def test_loss_is_told_with_its_measured_ratio(converted):
    built, found = converted
    coded = sum(map(len, built.streams[0]))

    item = found["level-0"]
    assert item.LossyImageCompression == "01"
    assert item.LossyImageCompressionMethod == "ISO_10918_1"
    assert float(item.LossyImageCompressionRatio) == round(20 * 64 * 64 * 3 / coded, 2)
    assert found["label"].LossyImageCompression == "00"


def test_label_is_lossless_and_told_to_show_identity(converted):
    _, found = converted
    label = found["label"]

    assert label.PixelData[: 87 * 63 * 3] == slides.picture(87, 63).tobytes()
    assert label.BurnedInAnnotation == "YES"
    assert (label.LabelText, label.BarcodeValue) == ("", "")
    assert found["level-0"].BurnedInAnnotation == "NO"


def test_colours_come_out_right_whatever_the_stream_says(tmp_path):
    for color, photometric in (("rgb", "RGB"), ("ycbcr420", "YBR_FULL_422")):
        built = slides.write_svs(tmp_path / f"{color}.svs", color=color)
        convert(built.path, tmp_path / color)

        item = pydicom.dcmread(tmp_path / color / "level-0.dcm")
        assert item.PhotometricInterpretation == photometric
        first = item.pixel_array[0].astype(int)
        assert np.abs(first - built.levels[0][:64, :64]).mean() < 2.5


def test_given_metadata_is_written(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")
    stain = Code("12710003", "SCT", "hematoxylin stain")
    metadata = SlideMetadata(
        patient=Patient(name="Müller^Zoë", id="77"),
        study=Study(uid="1.2.3.4", accession_number="A-1"),
        container=Container(identifier="S-1", label_text="S-1 HE", barcode="S1"),
        specimens=(
            Specimen(
                identifier="S-1-A", preparation=(PreparationStep(codes.STAINING, stains=(stain,)),)
            ),
            Specimen(identifier="S-1-B"),
        ),
    )

    convert(built.path, tmp_path / "out", ConvertOptions(metadata=metadata))

    found = instances(tmp_path / "out")
    item = found["level-0"]
    assert (str(item.PatientName), item.PatientID) == ("Müller^Zoë", "77")
    assert (item.StudyInstanceUID, item.AccessionNumber) == ("1.2.3.4", "A-1")
    assert (found["label"].LabelText, found["label"].BarcodeValue) == ("S-1 HE", "S1")
    first, second = item.SpecimenDescriptionSequence
    assert (first.SpecimenIdentifier, second.SpecimenIdentifier) == ("S-1-A", "S-1-B")
    (step,) = first.SpecimenPreparationSequence
    content = step.SpecimenPreparationStepContentItemSequence
    assert [
        (
            entry.ConceptNameCodeSequence[0].CodeMeaning,
            entry.get("TextValue") or entry.ConceptCodeSequence[0].CodeMeaning,
        )
        for entry in content
    ] == [
        ("Specimen Identifier", "S-1-A"),
        ("Processing type", "Staining"),
        ("Using substance", "hematoxylin stain"),
    ]


def test_progress_reaches_every_frame(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")
    seen = []

    convert(built.path, tmp_path / "out", report=seen.append)

    assert seen[-1].frames_done == seen[-1].frames_total == 25
    assert [item.frames_done for item in seen] == sorted(item.frames_done for item in seen)


def test_damaged_tile_leaves_nothing(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")
    data = built.path.read_bytes()
    built.path.write_bytes(data.replace(built.streams[0][3], bytes(len(built.streams[0][3]))))

    with pytest.raises(CorruptSourceError, match=r"a\.svs: directory 0: tile 3"):
        convert(built.path, tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_second_conversion_into_a_folder_needs_leave(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")
    convert(built.path, tmp_path / "out")
    before = (tmp_path / "out" / "level-0.dcm").read_bytes()

    with pytest.raises(TargetError, match=r"already holds label\.dcm"):
        convert(built.path, tmp_path / "out")
    assert (tmp_path / "out" / "level-0.dcm").read_bytes() == before

    convert(built.path, tmp_path / "out", ConvertOptions(overwrite=True))
    assert (tmp_path / "out" / "level-0.dcm").read_bytes() != before


@pytest.mark.parametrize(
    ("compression", "wanted", "written"),
    [
        (None, None, [600, 300, 150, 75]),
        ("lzw", None, [600, 300, 150, 75]),
        ("webp", None, [600, 300, 150, 75]),
        ("jpeg", None, [600]),
        (None, Levels.STORED, [600]),
        ("webp", Levels.STORED, [600]),
        ("jpeg", Levels.DYADIC, [600, 300, 150, 75]),
    ],
)
def test_a_single_level_without_a_coding_of_dicom_gets_halvings_unless_told_otherwise(
    tmp_path, compression, wanted, written
):
    page = {"data": slides.picture(600, 400), "photometric": "rgb", "tile": (96, 96)}
    page |= {"resolution": (40_000, 40_000), "resolutionunit": "CENTIMETER"}
    path = slides.write_pages(tmp_path / "a.tif", {**page, "compression": compression})

    done = convert(path, tmp_path / "out", ConvertOptions(levels=wanted))

    assert [item.plan.image.size.width for item in done.instances] == written


def test_a_stored_pyramid_without_compression_gets_no_further_level(tmp_path):
    page = {"photometric": "rgb", "tile": (96, 96), "resolutionunit": "CENTIMETER"}
    path = slides.write_pages(
        tmp_path / "a.tif",
        {**page, "data": slides.picture(600, 400), "resolution": (40_000, 40_000)},
        {**page, "data": slides.picture(150, 100), "resolution": (10_000, 10_000)},
    )

    done = convert(path, tmp_path / "out")

    assert [item.plan.image.size.width for item in done.instances] == [600, 150]


def test_an_error_of_a_plan_or_a_writer_names_the_slide(tmp_path):
    built = slides.write_svs(tmp_path / "a.svs")

    with pytest.raises(TargetError) as caught:
        convert(built.path, tmp_path / "out", ConvertOptions(dual=True, codec=Codec.RLE))

    assert caught.value.file == str(built.path)
    assert caught.value.place == "level-0.dcm"
