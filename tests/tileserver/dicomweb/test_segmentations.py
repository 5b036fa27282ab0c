# SPDX-License-Identifier: Apache-2.0
"""Segmentations: frames of single bits follow each other without regard to bytes (PS3.5 8.1.1)."""

from __future__ import annotations

import instances
import numpy as np
import pydicom
import pytest
from picture_archive import pixels_of
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian
from servers import parts_of

OCTETS = "application/octet-stream"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
ROWS, COLUMNS, COUNT = 7, 9, 5
MASKS = np.random.default_rng(8).integers(0, 2, (COUNT, ROWS, COLUMNS), dtype=np.uint8)


def packed(bits) -> bytes:
    return np.packbits(np.ravel(bits), bitorder="little").tobytes()


def segmentation(masks=MASKS, **attributes):
    """Return masks as frames that are no parts of one image."""
    value = packed(masks)
    found = instances.native(value + b"\0" * (len(value) % 2), len(masks), **attributes)
    found.SOPClassUID, found.Modality = SEGMENTATION, "SEG"
    found.Rows, found.Columns = masks.shape[1:]
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    found.BitsAllocated = found.BitsStored = 1
    found.HighBit = 0
    del found.PlanarConfiguration, found.TotalPixelMatrixColumns, found.TotalPixelMatrixRows
    return found


def address(found, rest: str = "") -> str:
    return (
        f"/studies/{found.StudyInstanceUID}/series/{found.SeriesInstanceUID}"
        f"/instances/{found.SOPInstanceUID}{rest}"
    )


def store(server, found) -> None:
    # 202, with a warning: a segmentation has more to say than these.
    assert server.store(instances.written(found)).status_code in (200, 202)


@pytest.fixture(scope="module")
def stored(server):
    found = segmentation()
    store(server, found)
    return found


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_each_frame_begins_with_its_first_bit(server, stored, number):
    for _ in range(2):  # the second time from an open file
        answer = server.get(address(stored, f"/frames/{number}"), OCTETS)

        assert answer.status_code == 200
        assert answer.content == packed(MASKS[number - 1])
        assert answer.headers["content-length"] == "8"


def test_several_frames_are_parts(server, stored):
    answer = server.get(address(stored, "/frames/5,1"), f'multipart/related; type="{OCTETS}"')

    assert [body for _, body in parts_of(answer)] == [packed(MASKS[4]), packed(MASKS[0])]


def test_a_frame_beyond_the_last_is_not_found(server, stored):
    assert server.get(address(stored, "/frames/6"), OCTETS).status_code == 404


def test_all_pixels_are_as_stored(server, stored):
    answer = server.get(address(stored, "/pixeldata"))

    ((_, body),) = parts_of(answer)
    assert body == stored.PixelData


@pytest.mark.parametrize("number", range(1, COUNT + 1))
def test_a_frame_is_drawn_black_and_white(server, stored, number):
    picture = pixels_of(server.get(address(stored, f"/frames/{number}/rendered"), "image/png"))

    assert np.array_equal(picture, np.repeat(MASKS[number - 1][..., None] * 255, 3, axis=2))


def test_an_implicit_file_has_the_same_frames(server):
    found = segmentation()
    found.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    store(server, found)

    assert server.get(address(found, "/frames/2"), OCTETS).content == packed(MASKS[1])


def test_words_in_big_endian_are_not_taken_apart(server):
    found = segmentation()
    found.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    store(server, found)

    assert server.get(address(found, "/frames/2"), "*/*").status_code == 404


def test_fewer_bits_than_frames_need_are_refused(server):
    found = segmentation()
    found.NumberOfFrames = 6

    assert server.store(instances.written(found)).status_code == 409


def test_segments_at_one_place_add_up_on_black(server):
    masks = np.zeros((3, 10, 10), np.uint8)
    masks[0, :5], masks[1, :, :5], masks[2, 9, 9] = 1, 1, 1
    found = segmentation(masks, DimensionOrganizationType="TILED_SPARSE")
    found.TotalPixelMatrixColumns = found.TotalPixelMatrixRows = 30
    found.PerFrameFunctionalGroupsSequence = [
        instances.item(
            PlanePositionSlideSequence=[
                instances.item(
                    ColumnPositionInTotalImagePixelMatrix=place,
                    RowPositionInTotalImagePixelMatrix=place,
                )
            ]
        )
        for place in (11, 11, 1)
    ]
    store(server, found)

    picture = pixels_of(server.get(address(found, "/rendered"), "image/png"))

    expected = np.zeros((30, 30), np.uint8)
    expected[10:20, 10:20] = masks[0] | masks[1]
    expected[9, 9] = 1
    assert np.array_equal(picture[..., 0], expected * 255)


def test_segments_with_full_tiling_show_the_first(server):
    masks = np.random.default_rng(9).integers(0, 2, (8, 10, 10), dtype=np.uint8)
    found = segmentation(masks, DimensionOrganizationType="TILED_FULL")
    found.TotalPixelMatrixColumns = found.TotalPixelMatrixRows = 20
    found.TotalPixelMatrixFocalPlanes = 1
    store(server, found)

    expected = np.vstack([np.hstack(masks[:2]), np.hstack(masks[2:4])]) * 255
    for _ in range(3):  # whatever the memory held before
        picture = pixels_of(server.get(address(found, "/rendered"), "image/png"))
        assert np.array_equal(picture[..., 0], expected)


def grey(values, **attributes):
    """Return a segmentation of one frame of 8 bits."""
    found = segmentation(MASKS[:1], **attributes)
    found.BitsAllocated = found.BitsStored = 8
    found.HighBit = 7
    found.Rows, found.Columns = values.shape
    found.PixelData = values.tobytes()
    return found


VALUES = np.array([[0, 1, 2, 4], [4, 2, 1, 0]], np.uint8)
FEW = [instances.item(SegmentNumber=number) for number in (0, 1, 2, 4)]


@pytest.mark.parametrize(
    "attributes",
    [
        {"SegmentationType": "FRACTIONAL", "MaximumFractionalValue": 4},
        {"SegmentationType": "LABELMAP", "SegmentSequence": FEW},
    ],
)
def test_a_segmentation_of_few_values_has_all_greys(server, attributes):
    found = grey(VALUES, **attributes)
    store(server, found)

    picture = pixels_of(server.get(address(found, "/rendered"), "image/png"))

    assert picture[0, :, 0].tolist() == [0, 64, 128, 255]
    assert picture[1, :, 0].tolist() == [255, 128, 64, 0]


def test_a_label_map_has_the_colours_of_its_palette_on_black(server, real_slide):
    path = real_slide("dicom/dicom-seg/seg_image_sm_control_labelmap_palette_color.dcm")
    found = pydicom.dcmread(path)
    server.store(path.read_bytes())

    picture = pixels_of(server.get(address(found, "/rendered"), "image/png"))

    colors = np.stack(
        [
            np.frombuffer(found[f"{name}PaletteColorLookupTableData"].value, np.uint8)
            for name in ("Red", "Green", "Blue")
        ],
        axis=1,
    )
    expected = np.zeros((50, 50, 3), np.uint8)
    groups = found.PerFrameFunctionalGroupsSequence
    for frame, group in zip(found.pixel_array, groups, strict=True):
        place = group.PlanePositionSlideSequence[0]
        top = place.RowPositionInTotalImagePixelMatrix - 1
        left = place.ColumnPositionInTotalImagePixelMatrix - 1
        expected[top : top + 10, left : left + 10] = colors[frame]
    assert np.array_equal(picture, expected)


@pytest.mark.parametrize("name", ["control", "dots", "dots_tiled_full"])
def test_real_segmentations_have_the_frames_that_pydicom_reads(server, real_slide, name):
    path = real_slide(f"dicom/dicom-seg/seg_image_sm_{name}.dcm")
    found = pydicom.dcmread(path)
    masks = found.pixel_array
    server.store(path.read_bytes())

    numbers = sorted({1, 2, 3, 7, len(masks) // 2, len(masks)})
    answer = server.get(
        address(found, f"/frames/{','.join(map(str, numbers))}"),
        f'multipart/related; type="{OCTETS}"; transfer-syntax=*',
    )

    expected = [packed(masks[number - 1]) for number in numbers]
    assert [body for _, body in parts_of(answer)] == expected
