# SPDX-License-Identifier: Apache-2.0
"""Annotations and segmentations that highdicom makes for a slide are kept bit for bit."""

from __future__ import annotations

import io

import highdicom
import instances
import numpy as np
import pydicom
import pytest
import slides
from pydicom.sr.codedict import codes
from servers import Server, parts_of, serving

from dicomizer.convert import convert

WHOLE = 'multipart/related; type="application/dicom"; transfer-syntax=*'
NUCLEI = np.random.default_rng(5).uniform(1, 60, (400, 2)).astype(np.float32)
OUTLINES = [
    np.array([[1, 1], [9, 1], [9, 8.5]], np.float32),
    np.array([[20, 3], [30, 3], [31, 12], [22, 14.25]], np.float32),
]
MAKER = {
    "series_number": 7,
    "instance_number": 1,
    "manufacturer": "Coverslip tests",
    "manufacturer_model_name": "test",
    "software_versions": "1",
    "device_serial_number": "1",
}
REAL = (
    "dicom-ann/sm_annotations.dcm",
    "dicom-seg/seg_image_sm_numbers.dcm",
    "dicom-seg/seg_image_sm_dots_tiled_full.dcm",
    "dicom-seg/seg_image_sm_control_labelmap_palette_color.dcm",
    "dicom-seg/seg_image_ct_true_fractional.dcm",
    "dicom-sr/sr_document_with_multiple_groups.dcm",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("highdicom") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def slide(server, tmp_path_factory):
    """Give the finest level of a slide that is in the archive."""
    folder = tmp_path_factory.mktemp("highdicom-slide")
    convert(slides.write_svs(folder / "slide.svs").path, folder / "out")
    files = [path.read_bytes() for path in folder.glob("out/*.dcm")]
    assert server.store(*files).status_code == 200
    images = [pydicom.dcmread(io.BytesIO(file)) for file in files]
    return max(images, key=lambda image: image.TotalPixelMatrixColumns)


def stored(server: Server, file: bytes) -> str:
    """Store an instance, see that it comes back as it was, and return its address."""
    answer = server.store(file)
    assert answer.status_code == 200, answer.text
    (reference,) = answer.json()["00081199"]["Value"]
    (address,) = reference["00081190"]["Value"]
    ((_, body),) = parts_of(server.http.get(address, headers={"Accept": WHOLE}))
    assert body == file
    return address


def algorithm() -> highdicom.AlgorithmIdentificationSequence:
    return highdicom.AlgorithmIdentificationSequence(
        name="nuclei", version="1", family=codes.cid7162.ArtificialIntelligence
    )


def group(number: int, kind: highdicom.ann.GraphicTypeValues, data: list[np.ndarray]):
    return highdicom.ann.AnnotationGroup(
        number=number,
        uid=highdicom.UID(),
        label=f"group {number}",
        annotated_property_category=codes.SCT.AnatomicalStructure,
        annotated_property_type=codes.SCT.Nucleus,
        graphic_type=kind,
        graphic_data=data,
        algorithm_type=highdicom.ann.AnnotationGroupGenerationTypeValues.AUTOMATIC,
        algorithm_identification=algorithm(),
    )


def test_bulk_annotations_come_back_with_every_coordinate(server, slide):
    kinds = highdicom.ann.GraphicTypeValues
    made = highdicom.ann.MicroscopyBulkSimpleAnnotations(
        source_images=[slide],
        annotation_coordinate_type=highdicom.ann.AnnotationCoordinateTypeValues.SCOORD,
        annotation_groups=[
            group(1, kinds.POINT, [point[np.newaxis] for point in NUCLEI]),
            group(2, kinds.POLYGON, OUTLINES),
        ],
        series_instance_uid=highdicom.UID(),
        sop_instance_uid=highdicom.UID(),
        **MAKER,
    )

    address = stored(server, instances.written(made))

    (metadata,) = server.http.get(f"{address}/metadata").json()
    points, outlines = metadata["006A0002"]["Value"]
    coordinates = server.http.get(
        points["00660016"]["BulkDataURI"], headers={"Accept": "application/octet-stream"}
    )
    assert coordinates.content == NUCLEI.astype("<f4").tobytes()
    assert outlines["0040A180"]["Value"] == [2]
    ((_, body),) = parts_of(server.http.get(address, headers={"Accept": WHOLE}))
    found = highdicom.ann.annread(io.BytesIO(body))
    assert np.array_equal(
        np.vstack(found.get_annotation_group(number=1).get_graphic_data("2D")), NUCLEI
    )


def test_a_segmentation_of_a_slide_comes_back_with_every_pixel(server, slide):
    mask = np.zeros((1, slide.TotalPixelMatrixRows, slide.TotalPixelMatrixColumns), np.uint8)
    mask[0, 20:90, 30:200] = 1
    made = highdicom.seg.Segmentation(
        source_images=[slide],
        pixel_array=mask,
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[
            highdicom.seg.SegmentDescription(
                segment_number=1,
                segment_label="tissue",
                segmented_property_category=codes.SCT.Tissue,
                segmented_property_type=codes.SCT.Tissue,
                algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
                algorithm_identification=algorithm(),
            )
        ],
        tile_pixel_array=True,
        series_instance_uid=highdicom.UID(),
        sop_instance_uid=highdicom.UID(),
        **MAKER,
    )

    address = stored(server, instances.written(made))

    ((_, body),) = parts_of(server.http.get(address, headers={"Accept": WHOLE}))
    found = highdicom.seg.segread(io.BytesIO(body))
    assert np.array_equal(
        found.get_total_pixel_matrix(combine_segments=True, dtype=np.uint8), mask[0]
    )


@pytest.mark.parametrize("name", REAL)
def test_objects_of_highdicom_itself_are_kept_bit_for_bit(server, real_slide, name):
    file = real_slide(f"dicom/{name}").read_bytes()

    address = stored(server, file)

    (metadata,) = server.http.get(f"{address}/metadata").json()
    header = pydicom.dcmread(io.BytesIO(file), stop_before_pixels=True)
    assert metadata["00080016"]["Value"] == [header.SOPClassUID]
    assert metadata["00080060"]["Value"] == [header.Modality]
