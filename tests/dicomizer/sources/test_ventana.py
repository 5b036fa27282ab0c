# SPDX-License-Identifier: Apache-2.0
"""Ventana BIF and TIFF."""

from __future__ import annotations

import datetime as dt
from xml.etree import ElementTree as ET

import build_ventana
import imagecodecs
import numpy as np
import pytest
import slides
from build_ventana import TILE, Area, joint

from dicomizer.dicom.metadata import Equipment
from dicomizer.errors import CorruptSourceError, UnsupportedSourceError
from dicomizer.slide import Compression, Flavor, SizePx
from dicomizer.sources.base import AnotherFormat
from dicomizer.sources.ventana import VentanaSource
from dicomizer.sources.ventana.metadata import read_iscan

TWO_AREAS = (
    Area(columns=3, rows=2, x=0, y=400),
    Area(column=4, row=1, columns=2, rows=3, x=1100, y=0),
)


def pixels_of(source: VentanaSource, image) -> np.ndarray:
    """Return the whole image, missing tiles 0."""
    tile, grid = image.tile_size, image.grid
    plane = np.zeros((grid.height * tile.height, grid.width * tile.width, 3), np.uint8)
    frames = (b"".join(frame) for batch in source.frames(image) for frame in batch)
    for index, frame in enumerate(frames):
        if frame:
            row, column = divmod(index, grid.width)
            there = np.s_[
                row * tile.height : (row + 1) * tile.height,
                column * tile.width : (column + 1) * tile.width,
            ]
            plane[there] = decoded(frame, image)
    return plane[: image.size.height, : image.size.width]


def decoded(frame: bytes, image) -> np.ndarray:
    if image.coding.compression is Compression.JPEG:
        return imagecodecs.jpeg8_decode(frame)
    return np.frombuffer(frame, np.uint8).reshape(image.tile_size.height, image.tile_size.width, 3)


def difference(found: np.ndarray, expected: np.ndarray) -> float:
    assert found.shape == expected.shape
    return float(np.abs(found.astype(int) - expected).mean())


def infos(*joints: str, **changes: str) -> str:
    """Return the XML of one area, with attributes of its ImageInfo changed."""
    text = Area().info(0, joints, Area().height)
    for name, value in changes.items():
        text = text.replace(f'{name}="', f'{name}="{value}" was-{name}="')
    return text


def write(path, text: str, **options):
    areas = (Area(),)
    xml = build_ventana.encode_info(text, areas)
    return build_ventana.write_bif(path, areas, xml=xml, **options)


def test_overlapping_tiles_are_composed_at_every_level(tmp_path):
    built = build_ventana.write_bif(tmp_path / "a.bif")

    with VentanaSource(built.path) as source:
        levels = source.slide.levels
        found = [pixels_of(source, level) for level in levels]

    assert [(item.size, item.spacing.mpp) for item in levels] == [
        (SizePx(288, 244), (0.25, 0.25)),
        (SizePx(144, 122), (0.5, 0.5)),
        (SizePx(72, 61), (1.0, 1.0)),
    ]
    assert {item.coding.compression for item in levels} == {Compression.NONE}
    assert all(item.coding.lossy for item in levels)
    for level, factor in zip(found, (1, 2, 4), strict=True):
        assert difference(level, slides.reduced(built.scene, factor)) < 4


def test_areas_lie_where_the_scanner_saw_them_and_nothing_lies_between(tmp_path):
    built = build_ventana.write_bif(tmp_path / "a.bif", TWO_AREAS, factors=(1, 2))

    with VentanaSource(built.path) as source:
        base = source.slide.levels[0]
        found = pixels_of(source, base)

    assert base.size == SizePx(1220, 524)
    assert base.missing == {1, 4, 5}
    assert difference(found[400:, :176], built.scene[400:, :176]) < 3
    assert difference(found[:184, 1100:], built.scene[:184, 1100:]) < 3
    assert (found[:400, :300] == 235).all()


def test_areas_that_were_not_scanned_are_left_out(tmp_path):
    areas = (Area(), Area(column=5, columns=2, rows=2, x=900, is_scanned=False))
    built = build_ventana.write_bif(tmp_path / "a.bif", areas, factors=(1,))

    with VentanaSource(built.path) as source:
        assert source.slide.levels[0].size == SizePx(288, 244)


def test_tiles_that_the_file_does_not_hold_show_the_white_of_the_scan(tmp_path):
    built = build_ventana.write_bif(tmp_path / "a.bif", missing=frozenset({7}))

    with VentanaSource(built.path) as source:
        found = pixels_of(source, source.slide.levels[0])

    assert (found[64:120, 120:168] == 235).all()
    assert difference(found[:60], built.scene[:60]) < 3


def test_a_bif_without_overlaps_is_passed_through(tmp_path):
    area = Area(x=0, y=0)
    text = "".join(area.joints((0, 0), ("RIGHT", "UP")))
    built = write(tmp_path / "a.bif", infos(text))

    with VentanaSource(built.path) as source:
        levels = source.slide.levels

    assert {item.coding.compression for item in levels} == {Compression.JPEG}
    assert levels[0].size == SizePx(5 * TILE, 4 * TILE)
    assert levels[0].tile_size == SizePx(TILE, TILE)
    assert [item.spacing.mpp[0] for item in levels] == [0.25, 0.5, 1.0]


def test_overlaps_are_averaged_by_confidence(tmp_path):
    joints = [
        joint("RIGHT", 1, 2, x=10, confidence=90),
        joint("RIGHT", 2, 3, x=0, confidence=10),
        joint("UP", 1, 10, y=3),
    ]
    built = write(tmp_path / "a.bif", infos(*joints), factors=(1,))

    with VentanaSource(built.path) as source:
        # 4 joints of 9 pixels and 3 of 3.
        assert source.slide.levels[0].size == SizePx(5 * 64 - 4 * 9, 4 * 64 - 3 * 3)


def test_a_ventana_tiff_is_passed_through(tmp_path):
    built = build_ventana.write_tif(tmp_path / "a.tif")

    with VentanaSource(built.path) as source:
        slide = source.slide
        found = pixels_of(source, slide.levels[0])

    assert slide.format_name == "Ventana TIFF"
    assert [(item.size, item.spacing.mpp[0]) for item in slide.levels] == [
        (SizePx(300, 200), 0.25),
        (SizePx(150, 100), 0.5),
        (SizePx(75, 50), 1.0),
    ]
    assert {item.coding.compression for item in slide.levels} == {Compression.JPEG}
    assert difference(found, built.scene) < 3


def test_named_images_are_found_and_what_is_left_out_is_told(tmp_path):
    built = build_ventana.write_bif(tmp_path / "a.bif", factors=(1,))

    with VentanaSource(built.path) as source:
        slide = source.slide

    assert slide.format_name == "Ventana BIF"
    assert [(item.flavor, item.size) for item in slide.associated] == [
        (Flavor.OVERVIEW, SizePx(120, 50)),
        (Flavor.THUMBNAIL, SizePx(40, 30)),
    ]
    assert slide.notes == ("directory 1 (Probability_Image, 60 x 25) left out",)


def test_metadata_of_the_scan_is_read(tmp_path):
    built = build_ventana.write_bif(tmp_path / "a.bif", factors=(1,))

    with VentanaSource(built.path) as source:
        metadata = source.slide.metadata

    assert metadata.equipment.manufacturer == "Ventana"
    assert metadata.equipment.model_name == "VENTANA iScan HT"
    assert metadata.equipment.device_serial_number == "BI10N0306"
    assert metadata.equipment.software_versions == ("3.3.1.1",)
    assert metadata.optics.objective_power == 40.0
    assert metadata.acquisition_datetime == dt.datetime(2024, 3, 17, 10, 20, 30)


@pytest.mark.parametrize(
    ("date", "date_time", "expected"),
    [
        ("8/1/2019 10:15:32 PM", "", dt.datetime(2019, 8, 1, 22, 15, 32)),
        ("2019-08-01T10:15:32", "", dt.datetime(2019, 8, 1, 10, 15, 32)),
        ("", "2019:08:01 10:15:32", dt.datetime(2019, 8, 1, 10, 15, 32)),
        ("yesterday", "", None),
    ],
)
def test_date_of_scanning_is_read_or_not_known(date, date_time, expected):
    found = read_iscan(ET.Element("iScan", ScanDate=date), date_time)

    assert found.metadata.acquisition_datetime == expected


def test_what_the_scanner_does_not_tell_is_not_known():
    found = read_iscan(ET.Element("iScan", ScanRes="0", Magnification="x"), "")

    assert found.spacing is None
    assert found.white == 255
    assert found.planes == 1
    assert not found.is_dp
    assert found.metadata.equipment == Equipment(manufacturer="Ventana")
    assert found.metadata.optics.objective_power is None


@pytest.mark.parametrize(("is_mirrored", "side"), [(False, "left"), (True, "right")])
def test_pixels_tell_how_the_dp_series_numbers_its_tiles(tmp_path, is_mirrored, side):
    built = build_ventana.write_dp(tmp_path / "a.bif", is_mirrored=is_mirrored)

    with VentanaSource(built.path) as source:
        slide = source.slide
        found = [pixels_of(source, level) for level in slide.levels]

    assert [item.size for item in slide.levels] == [
        SizePx(428, 192),
        SizePx(214, 96),
        SizePx(107, 48),
    ]
    assert slide.notes == (
        f"overlapping tiles are numbered from the bottom {side}, as pixels show",
    )
    for level, factor in zip(found, (1, 2, 4), strict=True):
        assert difference(level, slides.reduced(built.scene, factor)) < 4


def test_overlaps_of_the_dp_series_are_taken_where_both_numberings_say_the_same(tmp_path):
    built = build_ventana.write_dp(tmp_path / "a.bif", across=(8, 0, 8), blank=True)

    with VentanaSource(built.path) as source:
        assert source.slide.levels[0].size == SizePx(240, 192)


def test_overlaps_of_the_dp_series_that_pixels_do_not_tell_are_unsupported(tmp_path):
    built = build_ventana.write_dp(tmp_path / "a.bif", blank=True)

    with pytest.raises(UnsupportedSourceError, match=r"differs by 0\.0 or 0\.0; export the slide"):
        VentanaSource(built.path)


def test_overlaps_of_the_dp_series_that_pixels_deny_are_unsupported(tmp_path):
    built = build_ventana.write_dp(tmp_path / "a.bif", told=(0, 20, 0, 24, 0, 0))

    with pytest.raises(UnsupportedSourceError, match="the pixels do not tell which"):
        VentanaSource(built.path)


def test_rows_of_the_dp_series_overlap_too_where_that_is_told(tmp_path):
    built = build_ventana.write_dp(tmp_path / "a.bif", across=(0, 0, 8), down=(0, 4, 8))

    with VentanaSource(built.path) as source:
        base = source.slide.levels[0]
        found = pixels_of(source, base)

    assert base.size == SizePx(4 * TILE - 8, 4 * TILE - 12)
    assert difference(found, built.scene) < 3


def test_seams_of_tiles_that_the_dp_series_did_not_store_tell_nothing(tmp_path):
    area = Area()
    joints = [joint("LEFT", 6 + up * 10, 7 + up * 10, x=8, confidence=100) for up in (0, 1)]
    xml = build_ventana.encode_info(infos(*joints), (area,))
    everything = frozenset(range(1, 19))
    built = build_ventana.write_bif(tmp_path / "a.bif", xml=xml, factors=(1,), missing=everything)

    with pytest.raises(UnsupportedSourceError, match="the pixels do not tell which"):
        VentanaSource(built.path)


def test_overlaps_of_the_dp_series_that_differ_along_an_edge_are_unsupported(tmp_path):
    # Tiles 1 and 10 are the first of the two lowest rows.
    text = infos(
        joint("LEFT", 1, 2, x=24, confidence=100), joint("LEFT", 10, 9, x=8, confidence=100)
    )
    built = write(tmp_path / "a.bif", text, factors=(1,))

    with pytest.raises(UnsupportedSourceError, match="overlap by 8 and by 24 pixels"):
        VentanaSource(built.path)


def test_a_large_overlap_of_the_dp_series_is_an_error(tmp_path):
    text = infos(joint("LEFT", 1, 2, x=33, confidence=100))
    built = write(tmp_path / "a.bif", text, factors=(1,))

    with pytest.raises(CorruptSourceError, match="tiles of 64 pixels overlap by 33"):
        VentanaSource(built.path)


@pytest.mark.parametrize(
    "trusted", [{"confidence": 99}, {"confidence": 100, "joined": 0}, {"confidence": 100, "x": 0}]
)
def test_overlaps_of_the_dp_series_that_do_not_count_leave_the_tiles_in_their_grid(
    tmp_path, trusted
):
    text = infos(joint("LEFT", 1, 2, **{"x": 24, **trusted}))
    built = write(tmp_path / "a.bif", text, factors=(1,), model="VENTANA DP 200")

    with VentanaSource(built.path) as source:
        assert source.slide.levels[0].size == SizePx(5 * TILE, 4 * TILE)
        assert source.slide.levels[0].coding.compression is Compression.JPEG


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (infos(joint("SIDEWAYS", 1, 2)), "tiles are joined 'SIDEWAYS'"),
        (infos(joint("RIGHT", 1, 21)), "tiles 1 and 21 are joined, of 20"),
        (infos(joint("RIGHT", 1, 3)), "tile 3 is not RIGHT of tile 1"),
        (infos(joint("UP", 1, 6)), "tile 6 is not UP of tile 1"),
        (infos(joint("LEFT", 1, 6)), "tile 6 is not LEFT of tile 1"),
        (infos(joint("RIGHT", 1, 2, x=64)), "tiles of 64 pixels overlap by 64"),
        (infos(Width="60"), "its tiles are 60 x 64, those of level 0 64 x 64"),
        (infos(NumCols="6"), "an area ends at tile 6, 4, the grid is 5 x 4"),
        (infos(NumRows="0"), "an area has 5 x 0 tiles"),
        (infos(NumRows="x"), "ImageInfo has NumRows 'x', expected a number"),
        (infos(AOIScanned="0"), "no area was scanned"),
        ("", "found 0 areas and 1 origins"),
        ("<", "the XML cannot be read"),
    ],
)
def test_stitching_that_contradicts_itself_is_an_error(tmp_path, text, message):
    built = write(tmp_path / "a.bif", text, factors=(1,))

    with pytest.raises(CorruptSourceError, match=message):
        VentanaSource(built.path)


def test_areas_further_apart_than_glass_is_long_are_an_error(tmp_path):
    areas = (Area(columns=1, rows=1), Area(column=1, columns=1, rows=1))
    text = "".join(area.info(n, (), TILE) for n, area in enumerate(areas))
    xml = build_ventana.encode_info(text.replace('Pos-X="0.000"', 'Pos-X="9e9"', 1), areas)
    built = build_ventana.write_bif(tmp_path / "a.bif", areas, xml=xml, factors=(1,))

    with pytest.raises(CorruptSourceError, match="an area lies 9000000000 pixels from another"):
        VentanaSource(built.path)


@pytest.mark.parametrize(
    ("found", "replaced", "error", "message"),
    [
        (b"level=1", b"level=2", CorruptSourceError, "found the levels 0, 2, expected 0, 1"),
        (b"level=1", b"level=0", UnsupportedSourceError, "a level is stored more than once"),
        (b"mag=20", b"mag=30", CorruptSourceError, "the magnification is 30, expected 40 halved"),
        (b"mag=20", b"mag=40", CorruptSourceError, "a level is no reduction of the one before"),
        (b"mag=20", b"mag=90", CorruptSourceError, "the magnification is 90, expected 40 halved"),
        (b"mag=20", b"max=20", CorruptSourceError, "a level has no magnification"),
        (b"<iScan", b"<aScan", AnotherFormat, "the XMP of the first directory has no iScan"),
        (
            b"level=0 mag=40",
            b"lovel=0 mag=40",
            UnsupportedSourceError,
            "no directory is described as a level",
        ),
    ],
)
def test_levels_that_are_not_described_as_such_are_not_taken(
    tmp_path, found, replaced, error, message
):
    factors = (1,) if found.startswith(b"level=0") else (1, 2)
    built = build_ventana.write_tif(tmp_path / "a.tif", factors=factors)
    data = built.path.read_bytes()
    assert found in data
    built.path.write_bytes(data.replace(found, replaced))

    with pytest.raises(error, match=message):
        VentanaSource(built.path)


def test_rounded_magnifications_are_taken_for_halved_ones(tmp_path):
    built = build_ventana.write_tif(tmp_path / "a.tif", factors=(1, 128))
    data = built.path.read_bytes()
    built.path.write_bytes(data.replace(b"mag=0.3125", b"mag=0.3100"))

    with VentanaSource(built.path) as source:
        assert source.slide.levels[1].spacing.mpp == (32.0, 32.0)


def test_focal_planes_that_are_told_of_but_not_stored_are_noted(tmp_path):
    built = build_ventana.write_tif(tmp_path / "a.tif", planes=3)

    with VentanaSource(built.path) as source:
        assert source.slide.notes == ("3 focal planes are told of, one is stored",)
