# SPDX-License-Identifier: Apache-2.0
"""Pictures of stored slides are what numpy cuts from the picture that they were made of."""

from __future__ import annotations

import build_tiles
import instances
import numpy as np
import pytest
from build_tiles import SERIES, STUDY, TILE, groups, picture, stored, tiles
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import generate_uid

from tileserver.errors import (
    BadRequestError,
    NotFoundError,
    TooLargeError,
    UnrenderableError,
)
from tileserver.services.render import Look, Region, Size, stitch
from tileserver.services.render.region import spans
from tileserver.services.render.resample import resample

WHOLE = picture()


@pytest.fixture(scope="module")
def slide(services):
    return stored(services, build_tiles.instance(WHOLE))


def test_the_whole_matrix_is_the_picture_neither_turned_nor_mirrored(services, slide):
    made = services.render.matrix(slide, None, None, Look())

    assert np.array_equal(made.pixels, WHOLE)
    assert made.icc_profile is None


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_region_at_its_own_scale_is_the_crop(services, slide, data):
    left, top = data.draw(st.integers(0, 69)), data.draw(st.integers(0, 49))
    width, height = data.draw(st.integers(1, 70 - left)), data.draw(st.integers(1, 50 - top))

    made = services.render.matrix(
        slide, Region(left, top, width, height), Size(width, height), Look()
    )

    assert np.array_equal(made.pixels, WHOLE[top : top + height, left : left + width])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_region_at_any_size_is_that_of_the_whole_stitched_picture(services, slide, data):
    width, height = data.draw(st.floats(0.5, 70)), data.draw(st.floats(0.5, 50))
    left, top = data.draw(st.floats(0, 70 - width)), data.draw(st.floats(0, 50 - height))
    size = Size(data.draw(st.integers(1, 80)), data.draw(st.integers(1, 80)))
    region = Region(left, top, width, height)

    made = services.render.matrix(slide, region, size, Look())

    expected = resample(WHOLE, *spans(region, size, 70, 50))
    assert abs(made.pixels.astype(int) - expected).max() <= 1


def test_large_pictures_made_in_blocks_are_the_same(services, slide, monkeypatch):
    looks = [
        (Region(1, 2, 60, 40), Size(30, 20)),
        (Region(0.5, 0.25, 66.5, 44.4), Size(31, 27)),
        (Region(3, 3, 10, 10), Size(60, 70)),
    ]
    whole = [services.render.matrix(slide, *one, Look()).pixels for one in looks]

    monkeypatch.setattr(stitch, "BLOCK_PIXELS", 400)
    parts = [services.render.matrix(slide, *one, Look()).pixels for one in looks]

    for one, other in zip(whole, parts, strict=True):
        assert abs(one.astype(int) - other).max() <= 1


def test_a_frame_is_what_is_stored_and_a_region_of_it_the_crop(services, slide):
    expected = tiles(WHOLE)[6]

    frame = services.render.frame(slide, 7, Look())
    part = services.render.frame(slide, 7, Look(), Region(2, 3, 8, 4), Size(8, 4))

    assert np.array_equal(frame.pixels, expected)
    assert np.array_equal(part.pixels, expected[3:7, 2:10])


@pytest.mark.parametrize("number", [0, 21, -1])
def test_a_frame_that_is_not_there(services, slide, number):
    with pytest.raises(NotFoundError):
        services.render.frame(slide, number, Look())


@pytest.mark.parametrize(
    "region",
    [
        Region(-1, 0, 10, 10),
        Region(0, 0, 71, 10),
        Region(69.5, 0, 1, 1),
        Region(0, 0, 0, 10),
        Region(0, 0, float("nan"), 10),
        Region(float("inf"), 0, 1, 10),
    ],
)
def test_regions_beside_the_image_are_refused(services, slide, region):
    with pytest.raises(BadRequestError):
        services.render.matrix(slide, region, Size(5, 5), Look())


def test_pictures_that_are_too_large_are_refused(services, slide, monkeypatch):
    with pytest.raises(TooLargeError):
        services.render.matrix(slide, None, Size(1 << 20, 1 << 20), Look())
    with pytest.raises(BadRequestError):
        services.render.matrix(slide, None, Size(0, 10), Look())

    monkeypatch.setattr(stitch, "SOURCE_PIXELS", 3000)
    with pytest.raises(TooLargeError):
        services.render.matrix(slide, None, Size(10, 10), Look())


def sparse(frames, positions, **changes):
    return build_tiles.instance(
        WHOLE,
        frames,
        DimensionOrganizationType="TILED_SPARSE",
        PerFrameFunctionalGroupsSequence=positions,
        **changes,
    )


def test_absent_tiles_are_white_and_frames_lie_where_they_say(services):
    first, second = np.full((TILE, TILE, 3), 10, np.uint8), np.full((TILE, TILE, 3), 90, np.uint8)
    found = stored(services, sparse([first, second], [groups(4, 6), groups(33, 20)]))
    expected = np.full_like(WHOLE, 255)
    expected[5:21, 3:19], expected[19:35, 32:48] = 10, 90

    made = services.render.matrix(found, None, None, Look())

    assert np.array_equal(made.pixels, expected)


def test_later_frames_lie_over_earlier_ones(services):
    first, second = np.full((TILE, TILE, 3), 10, np.uint8), np.full((TILE, TILE, 3), 90, np.uint8)
    found = stored(services, sparse([first, second], [groups(30, 30), groups(22, 25)]))

    made = services.render.matrix(found, Region(29, 29, 10, 10), None, Look())

    assert made.pixels[0, 0, 0] == 90
    assert made.pixels[9, 9, 0] == 10


def test_the_recommended_colour_of_absent_pixels_is_taken(services):
    # CIELab 53.24, 80.09, 67.20 in the white of D65, which is near in that of D50, is red.
    changes = {"RecommendedAbsentPixelCIELabValue": [34890, 53475, 50168]}
    found = stored(services, sparse([tiles(WHOLE)[0]], [groups(1, 1)], **changes))

    made = services.render.matrix(found, Region(40, 40, 1, 1), None, Look())

    red, green, blue = made.pixels[0, 0].tolist()
    assert red > 245
    assert max(green, blue) < 30


def test_frames_outside_the_image_are_refused(services):
    found = stored(services, sparse([tiles(WHOLE)[0]], [groups(71, 1)]))

    with pytest.raises(UnrenderableError, match="outside"):
        services.render.matrix(found, None, None, Look())


def test_planes_are_counted_from_the_lowest_and_the_middle_one_is_shown(services):
    frames = [np.full((TILE, TILE, 3), value, np.uint8) for value in (30, 10, 20)]
    places = [groups(1, 1, 0.3), groups(1, 1, 0.1), groups(1, 1, 0.2)]
    found = stored(services, sparse(frames, places))
    one = Region(0, 0, 1, 1)

    shown = [
        services.render.matrix(found, one, None, Look(), plane).pixels[0, 0, 0]
        for plane in (0, 1, 2, None)
    ]

    assert shown == [10, 20, 30, 20]
    with pytest.raises(NotFoundError):
        services.render.matrix(found, one, None, Look(), 3)


def test_a_concatenation_is_one_image(services):
    series = generate_uid()
    cut = tiles(WHOLE)
    parts = [
        stored(
            services,
            build_tiles.instance(
                WHOLE,
                cut[start:stop],
                SeriesInstanceUID=series,
                ConcatenationUID="1.2.9.3",
                ConcatenationFrameOffsetNumber=start,
            ),
        )
        for start, stop in ((0, 9), (9, 20))
    ]

    pyramid = services.render.pyramid(STUDY, series)
    whole = services.render.region(pyramid, None, Size(70, 50), Look())
    second = services.render.matrix(parts[1], None, None, Look())

    assert np.array_equal(whole.pixels, WHOLE)
    assert (second.pixels[:16] == 255).all()
    assert np.array_equal(second.pixels[32:], WHOLE[32:])


@pytest.fixture(scope="module")
def levels(services):
    """Levels whose colour tells which they are."""
    series = generate_uid()
    found = []
    for columns, rows, value in ((35, 25, 2), (140, 100, 0), (70, 50, 1)):
        pixels = np.full((rows, columns, 3), 50 * value, np.uint8)
        one = build_tiles.instance(pixels, SeriesInstanceUID=series, PyramidUID="1.2.9.4")
        found.append(stored(services, one))
    label = build_tiles.instance(WHOLE, SeriesInstanceUID=series, PyramidUID="1.2.9.4")
    label.ImageType = ["ORIGINAL", "PRIMARY", "LABEL", "NONE"]
    stored(services, label)
    return found


def test_levels_are_found_finest_first_without_labels(services, levels):
    series = levels[0].series_instance_uid

    pyramid = services.render.pyramid(STUDY, series, "1.2.9.4")

    assert [(level.columns, level.rows) for level in pyramid.levels] == [
        (140, 100),
        (70, 50),
        (35, 25),
    ]
    assert services.render.pyramid_with(levels[2]).levels == pyramid.levels
    with pytest.raises(NotFoundError):
        services.render.pyramid(STUDY, series, "1.2.9.5")
    with pytest.raises(NotFoundError):
        services.render.pyramid(STUDY, "1.2.9.6")


@pytest.mark.parametrize(
    ("width", "value"), [(140, 0), (71, 0), (70, 50), (36, 50), (35, 100), (10, 100)]
)
def test_a_region_is_made_of_the_coarsest_level_with_all_detail(services, levels, width, value):
    pyramid = services.render.pyramid(STUDY, levels[0].series_instance_uid)
    size = Size(width, max(width * 100 // 140, 1))

    made = services.render.region(pyramid, None, size, Look())
    same = services.render.matrix(levels[1], None, size, Look())

    assert set(made.pixels.flatten().tolist()) == {value}
    assert set(same.pixels.flatten().tolist()) == {value}


def test_regions_of_a_level_stay_where_they_were(services):
    """A level of half an odd size has no exact scale; spacing tells it."""
    series = generate_uid()
    fine = picture(71, 51)
    coarse = resample(fine, *spans(Region(0, 0, 70, 50), Size(35, 25), 71, 51))
    for pixels, spacing in ((fine, 0.001), (coarse, 0.002)):
        shared = instances.item(
            PixelMeasuresSequence=[instances.item(PixelSpacing=[spacing, spacing])]
        )
        stored(
            services,
            build_tiles.instance(
                pixels, SeriesInstanceUID=series, SharedFunctionalGroupsSequence=[shared]
            ),
        )
    pyramid = services.render.pyramid(STUDY, series)

    made = services.render.region(pyramid, Region(60, 40, 8, 8), Size(4, 4), Look())

    assert pyramid.scale(pyramid.levels[1]) == (2.0, 2.0)
    assert np.array_equal(made.pixels, coarse[20:24, 30:34])


def test_a_damaged_frame_is_told(services):
    stream = instances.jpeg(10)
    found = instances.slide([stream, stream[:200]])
    slide = stored(services, found)

    with pytest.raises(UnrenderableError, match="frame 2 cannot be shown"):
        services.render.matrix(slide, None, None, Look())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_attributes_that_make_no_sense_are_told(services, data):
    keywords = {
        "Rows": st.sampled_from([0, 1, 7, 65535]),
        "Columns": st.sampled_from([0, 1, 17, 65535]),
        "TotalPixelMatrixRows": st.sampled_from([0, 1, 2**32 - 1]),
        "TotalPixelMatrixColumns": st.sampled_from([0, 1, 2**32 - 1]),
        "BitsAllocated": st.sampled_from([0, 1, 8, 12, 16, 64]),
        "BitsStored": st.sampled_from([0, 9, 8, 65535]),
        "SamplesPerPixel": st.sampled_from([0, 1, 2, 3, 4, 65535]),
        "TotalPixelMatrixFocalPlanes": st.sampled_from([0, 2, 2**32 - 1]),
        "NumberOfOpticalPaths": st.sampled_from([0, 3, 2**32 - 1]),
        "PixelRepresentation": st.sampled_from([0, 1, 2]),
        "PhotometricInterpretation": st.sampled_from(["", "PALETTE COLOR", "YBR_FULL", "CMYK"]),
    }
    chosen = data.draw(st.lists(st.sampled_from(sorted(keywords)), min_size=1, max_size=3))
    found = instances.slide([instances.jpeg(10)], SOPInstanceUID=generate_uid())
    for keyword in chosen:
        setattr(found, keyword, data.draw(keywords[keyword]))
    slide = stored(services, found)

    for make in (
        lambda: services.render.matrix(slide, None, Size(4, 4), Look()),
        lambda: services.render.frame(slide, 1, Look(), None, Size(4, 4)),
    ):
        try:
            made = make()
        except (UnrenderableError, TooLargeError, NotFoundError):
            continue
        assert made.pixels.shape[:2] == (4, 4)


def test_what_has_no_pixels_is_told(services):
    report = instances.dataset(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.34", Modality="SR")
    found = stored(services, report)

    with pytest.raises(UnrenderableError, match="no pixels"):
        services.render.image(found)


def test_the_series_of_all_tests_has_pyramids(services, slide):
    assert services.render.pyramids(STUDY, SERIES)


def test_frames_too_large_to_be_decoded_are_told(services):
    found = instances.slide([instances.jpeg(10)], Rows=65_000, Columns=65_000)
    found.TotalPixelMatrixRows = found.TotalPixelMatrixColumns = 65_000

    with pytest.raises(UnrenderableError, match="65000 x 65000 pixels are too large"):
        services.render.image(stored(services, found))
