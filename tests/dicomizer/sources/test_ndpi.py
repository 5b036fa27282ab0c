# SPDX-License-Identifier: Apache-2.0
"""Hamamatsu NDPI: levels, planes, place and light; streams cut into tiles; files past 4 GiB."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import build_ndpi
import imagecodecs
import numpy as np
import pytest
import slides
from numpy.typing import NDArray

from dicomizer.dicom.metadata import Equipment
from dicomizer.errors import CorruptSourceError, SourceError
from dicomizer.pixels.format import GREY_8, RGB_8
from dicomizer.slide import (
    Coding,
    ColorSpace,
    Compression,
    Flavor,
    Illumination,
    OpticalPath,
    SizePx,
    SlideImage,
    SpacingMm,
)
from dicomizer.sources.base import AnotherFormat, Refusal
from dicomizer.sources.ndpi import NdpiSource

NOT_SPARSE = 64 << 20
"""Bytes on disk that a file of 5 GiB must stay below to be a hole with few bytes around."""


def frames_of(source: NdpiSource, image: SlideImage, indices=None) -> list[bytes]:
    return [b"".join(frame) for batch in source.frames(image, indices) for frame in batch]


def pixels_of(source: NdpiSource, image: SlideImage, plane: int = 0) -> NDArray[np.uint8]:
    """Return one plane of an image, put together from its frames."""
    tiles = image.number_of_tiles
    frames = frames_of(source, image, range(plane * tiles, (plane + 1) * tiles))
    decoded = [imagecodecs.jpeg8_decode(frame) for frame in frames]
    columns = image.grid.width
    rows = [np.hstack(decoded[start : start + columns]) for start in range(0, tiles, columns)]
    return np.vstack(rows)[: image.size.height, : image.size.width]


def test_levels_are_of_positive_magnification_and_share_a_tile_size(tmp_path):
    with NdpiSource(build_ndpi.write_brightfield(tmp_path / "a.ndpi")) as source:
        slide = source.slide

    assert slide.format_name == "Hamamatsu NDPI"
    assert [level.size for level in slide.levels] == [
        SizePx(1280, 1200),
        SizePx(640, 600),
        SizePx(320, 300),
    ]
    assert {level.tile_size for level in slide.levels} == {SizePx(512, 512)}
    assert [level.spacing for level in slide.levels] == [
        SpacingMm(0.0005, 0.0005),
        SpacingMm(0.001, 0.001),
        SpacingMm(0.002, 0.002),
    ]
    assert slide.scans[0].optical_paths == (OpticalPath(),)
    assert slide.scans[0].plane_spacing_um is None


def test_levels_are_coded_as_they_are_stored(tmp_path):
    path = tmp_path / "a.ndpi"
    stored = build_ndpi.level(slides.picture(640, 480), interval=80)
    build_ndpi.write(path, [stored])

    with NdpiSource(path) as source:
        (level,) = source.slide.levels

    assert level.pixel_format == RGB_8
    assert level.coding == Coding(
        Compression.JPEG,
        ColorSpace.YCBCR,
        lossy=True,
        coded_bytes=len(stored.stream),
        method="ISO_10918_1",
    )


def test_macro_is_the_overview_and_the_map_is_left_out(tmp_path):
    with NdpiSource(build_ndpi.write_brightfield(tmp_path / "a.ndpi")) as source:
        (overview,) = source.slide.associated
        (frame,) = frames_of(source, overview)

        assert overview.flavor is Flavor.OVERVIEW
        assert overview.size == overview.tile_size == SizePx(600, 200)
        assert overview.spacing == SpacingMm(0.125, 0.125)
        assert source.slide.notes == (
            "directory 4 is a map of the scanned areas and no picture: left out",
        )
    assert frame == build_ndpi.macro().stream


def test_metadata_is_what_the_tags_tell(tmp_path):
    with NdpiSource(build_ndpi.write_brightfield(tmp_path / "a.ndpi")) as source:
        metadata = source.slide.metadata

    assert metadata.equipment == Equipment(
        manufacturer="Hamamatsu",
        model_name="C9600-12",
        device_serial_number="950291",
        software_versions=("NDP.scan 2.5.89",),
    )
    assert metadata.optics.objective_power == 20
    assert metadata.container.label_text == "S-24-0042"
    assert metadata.container.barcode is None
    assert metadata.acquisition_datetime == dt.datetime(2017, 2, 7, 13, 7, 45)


def test_the_first_barcode_that_is_not_empty_is_taken(tmp_path):
    stored = build_ndpi.level(slides.picture(64, 64), barcode="")
    stored.tags[build_ndpi.BARCODE + 1] = "S-24-0042"

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", [stored])) as source:
        assert source.slide.metadata.container.barcode == "S-24-0042"


def test_origin_is_told_from_the_centre_of_the_macro_image(tmp_path):
    with NdpiSource(build_ndpi.write_brightfield(tmp_path / "a.ndpi")) as source:
        origin = source.slide.scans[0].origin

    # From the macro's corner at (25, 75), 75 mm wide and 25 mm high: the scan's centre is 39.5 mm
    # to the right and 11.5 mm down; its corner 0.32 mm to the left of that and 0.3 mm above.
    assert origin is not None
    assert origin.x == pytest.approx(25 - 11.2)
    assert origin.y == pytest.approx(75 - 39.18)


def test_without_a_macro_image_the_glass_is_taken_to_have_its_usual_size(tmp_path):
    stored = build_ndpi.level(slides.picture(1280, 1200), x_offset=2_000_000, y_offset=-1_000_000)

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", [stored])) as source:
        origin = source.slide.scans[0].origin

    assert origin is not None
    assert (origin.x, origin.y) == (pytest.approx(13.8), pytest.approx(35.82))


@pytest.mark.parametrize(("right", "down"), [(0, 0), (90_000_000, 0), (0, -60_000_000)])
def test_offsets_of_zero_or_beside_the_glass_tell_no_origin(tmp_path, right, down):
    stored = build_ndpi.level(slides.picture(64, 64), x_offset=right, y_offset=down)

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", [stored])) as source:
        assert source.slide.scans[0].origin is None


def level_edges(level: SlideImage) -> tuple[int, int]:
    return level.size.width, level.size.height


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_tiles_have_the_pixels_of_the_streams(tmp_path, subsampling):
    path = build_ndpi.write_brightfield(tmp_path / "a.ndpi", subsampling=subsampling)
    mcu = 8 if subsampling == "4:4:4" else 16
    base = slides.picture(1280, 1200)

    with NdpiSource(path) as source:
        for level, factor in zip(source.slide.levels, (1, 2, 4), strict=True):
            stream = build_ndpi.coded(
                slides.reduced(base, factor), interval=640 // mcu, subsampling=subsampling
            )
            difference = pixels_of(source, level).astype(int) - imagecodecs.jpeg8_decode(stream)
            differs = np.abs(difference).max(axis=2)
            if subsampling != "4:4:4":
                # Decoders interpolate chroma across the edge of tiles, and of the image, otherwise.
                for edge in (512, 1024, *level_edges(level)):
                    differs[edge - 1 : edge + 1] = 0
                    differs[:, edge - 1 : edge + 1] = 0

            assert differs.max() == 0, level.size


def test_frames_come_in_the_order_asked_for(tmp_path):
    with NdpiSource(build_ndpi.write_brightfield(tmp_path / "a.ndpi")) as source:
        base = source.slide.levels[0]
        every = frames_of(source, base)

        assert len(every) == base.number_of_frames == 9
        assert len(set(every)) == 9
        assert frames_of(source, base, [5, 0, 8, 8]) == [every[n] for n in (5, 0, 8, 8)]
        assert frames_of(source, base, []) == []


def test_batches_are_bounded(tmp_path):
    stored = build_ndpi.level(slides.picture(1024, 12_000), interval=128)

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", [stored])) as source:
        (base,) = source.slide.levels
        lengths = [len(batch) for batch in source.frames(base)]

    assert lengths == [48]
    assert base.number_of_frames == 48


def test_focal_planes_come_lowest_first(tmp_path):
    with NdpiSource(build_ndpi.write_stack(tmp_path / "a.ndpi")) as source:
        scan = source.slide.scans[0]
        base = scan.levels[0]
        means = [pixels_of(source, base, plane).mean() for plane in range(3)]

    assert [(level.size, level.planes) for level in scan.levels] == [
        (SizePx(700, 520), 3),
        (SizePx(350, 260), 3),
    ]
    assert scan.plane_spacing_um == 1.5
    assert base.number_of_frames == 12
    # Written as 0, +1500, -1500 with pixels divided by 1, 2, 3.
    whole = slides.picture(700, 520).mean()
    assert means == [pytest.approx(whole / part, rel=0.02) for part in (3, 1, 2)]


def test_planes_at_uneven_distances_have_no_spacing(tmp_path):
    path = build_ndpi.write_stack(tmp_path / "a.ndpi", heights=(0, 1000, 2500))

    with NdpiSource(path) as source:
        assert source.slide.scans[0].plane_spacing_um is None
        assert source.slide.notes == (
            "the focal planes lie at uneven distances: none is told of 0 um, 1 um, 2.5 um",
        )


def test_a_level_without_all_planes_is_left_out(tmp_path):
    images = [
        build_ndpi.level(slides.picture(300, 200), z_offset=height) for height in (0, 1000)
    ] + [build_ndpi.level(slides.picture(150, 100), lens=10.0, z_offset=0)]

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", images)) as source:
        assert [level.planes for level in source.slide.levels] == [2]
        assert source.slide.notes == (
            "level of 150 x 100 left out: its focal planes are not those of the finest level",
        )


def test_a_plane_that_is_there_twice_is_taken_once(tmp_path):
    images = [build_ndpi.level(slides.picture(300, 200)) for _ in range(2)]

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", images)) as source:
        assert [level.planes for level in source.slide.levels] == [1]
        assert source.slide.notes == (
            "directory 1 (300 x 200) has the focal plane of another: left out",
        )


def test_tissues_are_scans(tmp_path):
    images = [
        build_ndpi.level(slides.picture(width, 200), tissue=tissue)
        for tissue, width in ((0, 300), (1, 400))
    ]

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", images)) as source:
        found = [(scan.name, scan.levels[0].size.width) for scan in source.slide.scans]

    assert found == [("tissue 0", 300), ("tissue 1", 400)]


def test_fluorescence_has_filter_and_wavelengths(tmp_path):
    with NdpiSource(build_ndpi.write_fluorescence(tmp_path / "a.ndpi")) as source:
        scan = source.slide.scans[0]
        (level,) = scan.levels
        grey = pixels_of(source, level)

    assert scan.optical_paths == (
        OpticalPath(
            name="TRITC 2 (560)",
            illumination=Illumination.FLUORESCENCE,
            excitation_nm=560,
            emission_nm=622,
            exposure_ms=14.238,
        ),
    )
    assert level.pixel_format == GREY_8
    assert level.coding.color_space is ColorSpace.MONOCHROME
    stream = build_ndpi.coded(np.ascontiguousarray(slides.picture(600, 400)[:, :, 0]))
    assert np.array_equal(grey, imagecodecs.jpeg8_decode(stream))


def test_a_filter_of_another_name_tells_no_excitation(tmp_path):
    record = build_ndpi.FILTER_RECORD.replace("TRITC", "FITC")
    stored = build_ndpi.level(
        slides.picture(64, 64), filter_set="TRITC 2 (560)", emission=622.0, properties=record
    )

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", [stored])) as source:
        (path,) = source.slide.scans[0].optical_paths

    assert path.emission_nm == 622
    assert path.excitation_nm is None


def test_a_file_past_4_gib_is_read_by_its_high_words(tmp_path):
    small = build_ndpi.write_brightfield(tmp_path / "small.ndpi")
    large = build_ndpi.write_brightfield(tmp_path / "large.tif", first_byte=5 << 30)
    assert large.stat().st_size > 5 << 30
    assert large.stat().st_blocks * 512 < NOT_SPARSE

    with NdpiSource(small) as expected, NdpiSource(large) as found:
        assert replace(found.slide, path=small) == expected.slide
        for image in found.slide.images:
            assert frames_of(found, image) == frames_of(expected, image)


def test_an_image_too_large_for_a_frame_header_goes_by_the_directory(tmp_path):
    # 16 intervals, of which the narrow image has four in each row and the wide one eight.
    stream = bytearray(build_ndpi.coded(slides.picture(33_024, 32), interval=1032))
    narrow = imagecodecs.jpeg8_decode(bytes(stream))
    size = stream.index(b"\xff\xc0") + 5
    stream[size : size + 4] = bytes(4)
    starts = tuple(build_ndpi.restart_starts(bytes(stream)))
    tags = {build_ndpi.LENS: 20.0, build_ndpi.STARTS: starts}
    stored = build_ndpi.Stored(bytes(stream), (66_048, 16), tags)

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", [stored])) as source:
        (level,) = source.slide.levels
        wide = pixels_of(source, level)

    assert level.size == SizePx(66_048, 16)
    assert np.array_equal(wide[:8], np.hstack([narrow[:8], narrow[8:16]]))
    assert np.array_equal(wide[8:], np.hstack([narrow[16:24], narrow[24:]]))


@pytest.mark.parametrize("told", [(), (5, 6, 7), None])
def test_restart_intervals_are_searched_where_the_tags_do_not_tell_them(tmp_path, told):
    stored = build_ndpi.level(slides.picture(700, 600), interval=44)
    good = build_ndpi.write(tmp_path / "good.ndpi", [stored])
    starts = stored.tags.pop(build_ndpi.STARTS)
    assert isinstance(starts, tuple)
    if told is not None:
        stored.tags[build_ndpi.STARTS] = told + starts[len(told) : -1]
    odd = build_ndpi.write(tmp_path / "odd.ndpi", [stored])

    with NdpiSource(good) as expected, NdpiSource(odd) as found:
        assert frames_of(found, found.slide.levels[0]) == frames_of(
            expected, expected.slide.levels[0]
        )


def test_high_words_of_restart_intervals_are_added(tmp_path):
    stored = build_ndpi.level(slides.picture(700, 600), interval=44)
    starts = stored.tags[build_ndpi.STARTS]
    assert isinstance(starts, tuple)
    stored.tags[build_ndpi.STARTS_HIGH] = (0,) * len(starts)
    good = build_ndpi.write(tmp_path / "good.ndpi", [stored])
    stored.tags[build_ndpi.STARTS_HIGH] = (1,) * len(starts)
    odd = build_ndpi.write(tmp_path / "odd.ndpi", [stored])

    with NdpiSource(good) as expected, NdpiSource(odd) as found:
        # Places past the end of the stream are not believed, and searched.
        assert frames_of(found, found.slide.levels[0]) == frames_of(
            expected, expected.slide.levels[0]
        )


def test_a_stream_without_restart_markers_has_the_size_that_it_says(tmp_path):
    stored = build_ndpi.level(slides.picture(301, 201))
    stored.size = (300, 200)

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", [stored])) as source:
        assert source.slide.levels[0].size == SizePx(301, 201)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"MM\0*" + bytes(60), "no little-endian TIFF signature"),
        (b"II*\0" + bytes(60), "the first directory has no tag 65420"),
        (b"II*\0\x08\0\0\0\1\0\0\1" + bytes(60), "the first directory has no tag 65420"),
        (b"II", "no little-endian TIFF signature"),
    ],
)
def test_other_files_are_refused(tmp_path, head, reason):
    path = tmp_path / "a.ndpi"
    path.write_bytes(head)

    with pytest.raises(AnotherFormat, match=reason):
        NdpiSource(path)


def test_other_tiff_is_refused(tmp_path):
    path = slides.write_tiled_tiff(tmp_path / "a.ndpi").path

    with pytest.raises(AnotherFormat, match="no tag 65420"):
        NdpiSource(path)


def optimized(stored: build_ndpi.Stored) -> None:
    tables = stored.stream.index(b"\xff\xc4")
    # The first DC table says that it has no category 11.
    stored.stream = stored.stream[: tables + 4 + 17 + 11] + b"\0" + stored.stream[tables + 33 :]


def progressive(stored: build_ndpi.Stored) -> None:
    stored.stream = stored.stream.replace(b"\xff\xc0\0\x11", b"\xff\xc2\0\x11")


def jpeg_xr(stored: build_ndpi.Stored) -> None:
    stored.tags[build_ndpi.COMPRESSION] = 22610


def enormous(stored: build_ndpi.Stored) -> None:
    size = stored.stream.index(b"\xff\xc0") + 5
    stored.stream = stored.stream[:size] + bytes(4) + stored.stream[size + 4 :]
    stored.size = (60_000, 60_000)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (jpeg_xr, r"compression 22610, expected 7 \(JPEG\)"),
        (progressive, "JPEG process 2 of 8 bits and 3 components, expected baseline"),
        (optimized, "cannot be cut: the Huffman tables are not made for other values"),
        (enormous, "60000 x 60000 pixels in a JPEG stream without restart markers"),
    ],
)
def test_a_finest_level_of_another_coding_is_refused(tmp_path, change, reason):
    stored = build_ndpi.level(slides.picture(64, 64))
    change(stored)

    with pytest.raises(Refusal, match=reason):
        NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", [stored]))


def test_a_coarser_level_of_another_coding_is_left_out(tmp_path):
    images = [build_ndpi.level(slides.picture(size, size)) for size in (128, 64)]
    jpeg_xr(images[1])

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", images)) as source:
        assert len(source.slide.levels) == 1
        assert source.slide.notes == ("directory 1 left out: compression 22610, expected 7 (JPEG)",)


def test_a_macro_image_of_another_coding_is_left_out(tmp_path):
    images = [build_ndpi.level(slides.picture(64, 64)), build_ndpi.macro()]
    progressive(images[1])

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", images)) as source:
        assert source.slide.associated == ()
        assert source.slide.notes[0].startswith("overview left out: JPEG process 2")


@pytest.mark.parametrize("kept", [0.3, 0.8, 0.999])
def test_a_file_cut_short_is_an_error(tmp_path, kept):
    path = build_ndpi.write_brightfield(tmp_path / "a.ndpi")
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data))])

    # The first directory stands behind the first stream.
    expected = AnotherFormat if kept < 0.5 else CorruptSourceError
    with pytest.raises(expected):
        NdpiSource(path)


def test_directories_in_a_circle_are_an_error(tmp_path):
    path = build_ndpi.write(tmp_path / "a.ndpi", [build_ndpi.level(slides.picture(64, 64))])
    data = bytearray(path.read_bytes())
    directory = int.from_bytes(data[4:12], "little")
    behind = directory + 2 + 12 * int.from_bytes(data[directory : directory + 2], "little")
    data[behind : behind + 8] = data[4:12]
    path.write_bytes(data)

    with pytest.raises(CorruptSourceError, match="form a circle"):
        NdpiSource(path)


def test_a_missing_restart_marker_is_an_error(tmp_path):
    stored = build_ndpi.level(slides.picture(700, 600), interval=44)
    place = build_ndpi.restart_starts(stored.stream)[5] - 2
    stored.stream = stored.stream[:place] + b"\0\0" + stored.stream[place + 2 :]
    path = build_ndpi.write(tmp_path / "a.ndpi", [stored])

    with NdpiSource(path) as source, pytest.raises(CorruptSourceError) as caught:
        frames_of(source, source.slide.levels[0])

    assert str(caught.value) == (
        f"{path}: directory 0: found no restart marker behind interval 4; "
        "the file is cut short or damaged; copy it again"
    )


def test_too_few_restart_intervals_are_an_error(tmp_path):
    stored = build_ndpi.level(slides.picture(704, 600), interval=44)
    del stored.tags[build_ndpi.STARTS]
    stored.size = (704, 608)
    size = stored.stream.index(b"\xff\xc0") + 5
    stored.stream = stored.stream[:size] + bytes(2) + stored.stream[size + 2 :]
    path = build_ndpi.write(tmp_path / "a.ndpi", [stored])

    with (
        NdpiSource(path) as source,
        pytest.raises(CorruptSourceError, match="found 150 restart intervals, expected 152"),
    ):
        frames_of(source, source.slide.levels[0])


def test_a_stream_of_another_size_than_its_directory_says_is_an_error(tmp_path):
    stored = build_ndpi.level(slides.picture(704, 600), interval=44)
    stored.size = (704, 608)

    with pytest.raises(CorruptSourceError, match="704 x 600 pixels, the directory says 704 x 608"):
        NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", [stored]))


def test_padding_behind_the_end_of_a_stream_is_no_part_of_it(tmp_path):
    stored = build_ndpi.level(slides.picture(300, 200))
    good = build_ndpi.write(tmp_path / "good.ndpi", [stored])
    padded = replace(stored, stream=stored.stream + bytes(100))
    odd = build_ndpi.write(tmp_path / "odd.ndpi", [padded])

    with NdpiSource(good) as expected, NdpiSource(odd) as found:
        assert frames_of(found, found.slide.levels[0]) == frames_of(
            expected, expected.slide.levels[0]
        )


def test_a_date_that_is_none_is_not_told(tmp_path):
    stored = build_ndpi.level(slides.picture(64, 64), date_time="yesterday", unit=1)

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", [stored])) as source:
        assert source.slide.metadata.acquisition_datetime is None
        assert source.slide.levels[0].spacing is None


def test_directories_of_unknown_magnification_are_left_out(tmp_path):
    images = [build_ndpi.level(slides.picture(64, 64), lens=lens) for lens in (20.0, -3.0)]

    with NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", images)) as source:
        assert source.slide.notes == ("directory 1 (magnification -3.0) left out",)


def test_a_slide_without_levels_is_refused(tmp_path):
    with pytest.raises(Refusal, match="no directory is a level"):
        NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", [build_ndpi.macro()]))


def test_focal_planes_coded_differently_are_refused(tmp_path):
    color = slides.picture(64, 64)
    images = [
        build_ndpi.level(color),
        build_ndpi.level(np.ascontiguousarray(color[:, :, 0]), z_offset=1000),
    ]

    with pytest.raises(Refusal, match="its focal planes are coded differently"):
        NdpiSource(build_ndpi.write(tmp_path / "a.ndpi", images))


def test_a_path_where_nothing_is_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="No such file"):
        NdpiSource(tmp_path / "none.ndpi")
