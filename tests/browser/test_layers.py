# SPDX-License-Identifier: Apache-2.0
"""Segmentations, parametric maps and bulk annotations of the study lie where they belong."""

from __future__ import annotations

import highdicom
import numpy as np
import pydicom
import pytest
from browser.harness import SCREEN, screen_pixels
from highdicom import ann, pm, seg
from pydicom.sr.codedict import codes

MAKER = {
    "instance_number": 1,
    "manufacturer": "Coverslip tests",
    "manufacturer_model_name": "test",
    "software_versions": "1",
    "device_serial_number": "1",
}
RED = highdicom.color.CIELabColor(53.2, 80.1, 67.2)
GREEN = highdicom.color.CIELabColor(46.2, -51.7, 49.9)
VIEW = "?x=700&y=500&mpp=0.5&r={turn}&show=layers"
"""A screen pixel is a pixel of level 0, and (700, 500) is in the middle."""
ONE, TWO = (slice(300, 420), slice(400, 600)), (slice(450, 650), slice(500, 640))
"""Rows and columns of two segments."""


@pytest.fixture(scope="module")
def base(archive):
    """Give the finest level of the first slide."""
    files = archive.slides["first"].folder.glob("*.dcm")
    return max(
        (pydicom.dcmread(path) for path in files),
        key=lambda image: (image.ImageType[2] == "VOLUME", image.TotalPixelMatrixColumns),
    )


def named(number):
    return {
        "series_instance_uid": highdicom.UID(),
        "series_number": number,
        "sop_instance_uid": highdicom.UID(),
        "content_label": "TEST",
    } | MAKER


def segments():
    return [
        seg.SegmentDescription(
            number,
            label,
            codes.cid7150.Tissue,
            codes.cid7166.ConnectiveTissue,
            "MANUAL",
            display_color=colour,
        )
        for number, label, colour in [(1, "tumour", RED), (2, "stroma <b>", GREEN)]
    ]


def masks(base):
    found = np.zeros((1, base.TotalPixelMatrixRows, base.TotalPixelMatrixColumns, 2), np.uint8)
    found[(0, *ONE, 0)] = 1
    found[(0, *TWO, 1)] = 1
    return found


def segmentation(base, kind, number, pixels, tiling="TILED_SPARSE"):
    return seg.Segmentation(
        [base],
        pixels,
        kind,
        segments(),
        tile_pixel_array=True,
        dimension_organization_type=tiling,
        omit_empty_frames=tiling == "TILED_SPARSE",
        tile_size=(128, 96),
        **named(number),
    )


def parametric_map(base, number):
    values = np.zeros((1, base.TotalPixelMatrixRows, base.TotalPixelMatrixColumns, 1), np.float32)
    values[(0, *ONE, 0)] = 10
    values[(0, *TWO, 0)] = 5
    return pm.ParametricMap(
        [base],
        values,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[
            [pm.RealWorldValueMapping("d", "density", codes.UCUM.NoUnits, (0.0, 10.0), 1, 0)]
        ],
        voi_lut_transformations=[highdicom.VOILUTTransformation(window_center=5, window_width=10)],
        tile_pixel_array=True,
        tile_size=(256, 256),
        **named(number),
    )


def group(number, label, kind, shapes, colour):
    return ann.AnnotationGroup(
        number,
        highdicom.UID(),
        label,
        codes.SCT.Tissue,
        codes.SCT.Tissue,
        kind,
        shapes,
        "MANUAL",
        display_color=colour,
    )


def annotations(base, number, coordinates, convert):
    ring = np.array([[400, 300], [600, 300], [600, 420], [400, 420]], np.float32)
    ellipse = np.array([[500, 550], [640, 550], [570, 500], [570, 600]], np.float32)
    lower = np.add(ring[:3], (0, 150)).astype(np.float32)
    line = np.array([[450, 660], [650, 660], [650, 700]], np.float32)
    return ann.MicroscopyBulkSimpleAnnotations(
        [base],
        coordinates,
        [
            group(1, "outlines", "POLYGON", [convert(ring), convert(lower)], RED),
            group(2, "nuclei", "ELLIPSE", [convert(ellipse)], GREEN),
            group(3, "lines", "POLYLINE", [convert(line)], RED),
            group(4, "cells", "POINT", [convert(np.array([[700, 350]], np.float32))], GREEN),
            group(
                5,
                "boxes",
                "RECTANGLE",
                [convert(np.add(ring, (300, 200)).astype(np.float32))],
                GREEN,
            ),
        ],
        **named(number),
    )


def in_millimetres(base):
    """Return what makes positions on the slide of pixels (PS3.3 C.7.6.16.2.1)."""
    measures = base.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    down, right = map(float, measures.PixelSpacing)
    origin = base.TotalPixelMatrixOriginSequence[0]
    start = [origin.XOffsetInSlideCoordinateSystem, origin.YOffsetInSlideCoordinateSystem]
    across, along = np.array(base.ImageOrientationSlide, float).reshape(2, 3)

    def convert(points):
        x, y = points[:, :1] - 0.5, points[:, 1:] - 0.5
        return (np.array([*start, 0], float) + x * right * across + y * down * along).astype(
            np.float64
        )

    return convert


@pytest.fixture(scope="module")
def layered(archive, base, tmp_path_factory):
    """Put layers of each kind into the archive."""
    binary = masks(base)
    labels = np.argmax(np.concatenate([binary[..., :1] * 0, binary], 3), 3).astype(np.uint8)
    made = {
        "binary": segmentation(base, "BINARY", 11, binary),
        "full": segmentation(base, "BINARY", 12, binary, "TILED_FULL"),
        "fractional": segmentation(base, "FRACTIONAL", 13, binary * 0.5),
        "labels": segmentation(base, "LABELMAP", 14, labels),
        "map": parametric_map(base, 15),
        "2D": annotations(base, 16, "2D", lambda points: points),
        "3D": annotations(base, 17, "3D", in_millimetres(base)),
    }
    folder = tmp_path_factory.mktemp("layers")
    for name, dataset in made.items():
        dataset.SeriesDescription = f"layer {name}"
        dataset.save_as(folder / f"{name}.dcm")
    archive.ingest("layers", folder, folder)
    return made


def at(x, y, turn=0):
    angle = np.deg2rad(turn)
    right, down = x - 700, y - 500
    return (
        round(SCREEN["width"] / 2 + right * np.cos(angle) - down * np.sin(angle)),
        round(SCREEN["height"] / 2 + right * np.sin(angle) + down * np.cos(angle)),
    )


def colour(page, x, y, turn=0):
    column, row = at(x, y, turn)
    return screen_pixels(page)[row, column].astype(int)


def show(page, name):
    """Show one layer, not seen through, and wait until it is drawn."""
    section = page.get_by_role("region", name=f"layer {name}", exact=True)
    section.get_by_role("checkbox").first.check()
    page.get_by_role("slider", name=f"opacity of layer {name}", exact=True).press("End")
    return section


def becomes(page, expected, x, y, turn=0, near=16):
    for _ in range(60):
        found = colour(page, x, y, turn)
        if abs(found - expected).max() < near:
            return
        page.evaluate("() => new Promise(requestAnimationFrame)")
    pytest.fail(f"{found} at {x}, {y}, not {expected}")


RGB_RED, RGB_GREEN = np.array([255, 0, 0]), np.array([0, 128, 0])


@pytest.mark.parametrize("turn", [0, 90])
def test_segmentations_lie_pixel_for_pixel(open_slide, layered, turn):
    page = open_slide("first", VIEW.format(turn=turn))
    page.get_by_role("region", name="layer binary", exact=True).wait_for()
    tissue = {place: colour(page, *place, turn) for place in [(398, 298), (601, 421), (499, 449)]}

    for name in ["binary", "full", "labels"]:
        section = show(page, name)

        for place in [(401, 301), (598, 418), (500, 360)]:
            becomes(page, RGB_RED, *place, turn)
        for place in [(501, 451), (638, 648)]:
            becomes(page, RGB_GREEN, *place, turn)
        for place, before in tissue.items():
            assert abs(colour(page, *place, turn) - before).max() < 8
        assert "stroma <b>" in section.inner_text()
        section.get_by_role("checkbox", name="tumour").uncheck()
        section.get_by_role("checkbox").first.uncheck()


def test_fractions_and_values_have_their_colours(open_slide, layered):
    page = open_slide("first", VIEW.format(turn=0))
    page.get_by_role("region", name="layer fractional", exact=True).wait_for()
    before = colour(page, 500, 360)

    section = show(page, "fractional")

    becomes(page, (before + RGB_RED) / 2, 500, 360)
    section.get_by_role("checkbox").first.uncheck()
    section = show(page, "map")
    becomes(page, [253, 231, 37], 500, 360)
    becomes(page, [33, 144, 141], 570, 500)
    becomes(page, [68, 1, 84], 750, 600)
    assert section.locator(".ends").inner_text().split() == ["0", "10"]


@pytest.mark.parametrize("name", ["2D", "3D"])
def test_bulk_annotations_lie_where_their_coordinates_say(open_slide, layered, name):
    page = open_slide("first", VIEW.format(turn=0))
    page.get_by_role("region", name=f"layer {name}", exact=True).wait_for()

    section = show(page, name)

    for place in [(400, 360), (500, 300), (600, 400), (550, 660)]:
        becomes(page, RGB_RED, *place, near=80)
    for place in [(570, 500), (570, 599), (700, 350), (700, 560), (800, 620)]:
        becomes(page, RGB_GREEN, *place, near=80)
    assert "nuclei" in section.inner_text()
