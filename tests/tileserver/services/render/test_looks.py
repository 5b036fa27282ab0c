# SPDX-License-Identifier: Apache-2.0
"""Grey values, palettes, channels and colour profiles become the colours that they should."""

from __future__ import annotations

import io

import build_tiles
import instances
import numpy as np
import pytest
from build_tiles import TILE, picture, stored
from PIL import Image, ImageCms
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from dicomizer.pixels.color import srgb_profile
from tileserver.errors import BadRequestError, NotAcceptableError, TooLargeError
from tileserver.services.render import (
    Channel,
    IccChoice,
    Look,
    Picture,
    Region,
    Window,
    WindowFunction,
    encode,
)
from tileserver.services.render.color import converted, target_profile
from tileserver.services.render.optics import lab_to_rgb
from tileserver.services.render.resample import Span
from tileserver.services.render.stitch import check_source

CT = "1.2.840.10008.5.1.4.1.1.2"
VALUES = [-1024, -1000, -160, 40, 41, 239, 240, 1000, 3071]


def ct(values=VALUES, **changes):
    """Return a CT image of one row."""
    pixels = np.array([values], np.int16)
    found = instances.native(pixels.tobytes(), 1, SOPClassUID=CT, Modality="CT")
    for keyword in ("TotalPixelMatrixRows", "TotalPixelMatrixColumns", "NumberOfFrames"):
        delattr(found, keyword)
    found.Rows, found.Columns = pixels.shape
    found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
    del found.PlanarConfiguration
    found.BitsAllocated, found.BitsStored, found.HighBit = 16, 16, 15
    found.PixelRepresentation = 1
    for keyword, value in changes.items():
        setattr(found, keyword, value)
    return found


def row(services, dataset, look=None):
    found = stored(services, dataset)
    made = services.render.matrix(found, None, None, look or Look())
    assert made.pixels.shape[2] == 1
    return made.pixels[0, :, 0].tolist()


def test_the_window_of_the_instance_is_that_of_the_standard(services):
    shown = row(services, ct(WindowCenter="40", WindowWidth="400"))

    # PS3.3 C.11.2.1.2.1: (x - 39.5) / 399 + 0.5, of 255
    assert shown == [0, 0, 0, 128, 128, 255, 255, 255, 255]


def test_a_window_asked_for_comes_before_that_of_the_instance(services):
    look = Look(Window(0, 2000, WindowFunction.LINEAR_EXACT))

    shown = row(services, ct(WindowCenter="40", WindowWidth="400"), look)

    # x / 2000 + 0.5, of 255
    assert shown == [0, 0, 107, 133, 133, 158, 158, 255, 255]


def test_a_sigmoid_window(services):
    look = Look(Window(40, 400, WindowFunction.SIGMOID))

    shown = row(services, ct(), look)

    # By the formula of PS3.3 C.11.2.1.3.1, of 255.
    assert shown == [0, 0, 30, 128, 128, 224, 225, 255, 255]


def test_rescaling_comes_before_the_window(services):
    shown = row(
        services,
        ct([0, 500, 1000], RescaleSlope="2", RescaleIntercept="-1000"),
        Look(Window(0, 2000, WindowFunction.LINEAR_EXACT)),
    )

    assert shown == [0, 128, 255]


def test_monochrome_1_is_inverted_last(services):
    look = Look(Window(0, 2000, WindowFunction.LINEAR_EXACT))
    upright, inverted = (
        row(services, ct(PhotometricInterpretation=name), look)
        for name in ("MONOCHROME2", "MONOCHROME1")
    )

    assert inverted[0] == 255
    assert all(abs(a + b - 255) <= 1 for a, b in zip(upright, inverted, strict=True))


def test_a_voi_table_is_applied_behind_a_modality_table(services):
    modality, voi = instances.item(ModalityLUTType="US"), instances.item()
    modality.add_new("LUTDescriptor", "SS", [3, -1, 16])
    modality.add_new("LUTData", "US", [100, 101, 102])
    voi.add_new("LUTDescriptor", "SS", [3, 100, 8])
    voi.add_new("LUTData", "OW", np.array([0, 51, 255], "<u2").tobytes())
    found = ct([-5, -1, 0, 1, 7], ModalityLUTSequence=[modality], VOILUTSequence=[voi])

    assert row(services, found) == [0, 0, 51, 255, 255]


def test_frames_may_each_have_their_own_window(services):
    each = [
        instances.item(
            FrameVOILUTSequence=[instances.item(WindowCenter=str(center), WindowWidth="1")]
        )
        for center in (0.5, 100.5)
    ]
    found = ct([50, 50], PerFrameFunctionalGroupsSequence=each)
    found.NumberOfFrames, found.Columns = 2, 1
    slide = stored(services, found)

    shown = [services.render.frame(slide, number, Look()).pixels[0, 0, 0] for number in (1, 2)]

    assert shown == [255, 0]


def test_without_a_window_nearly_all_values_are_shown(services):
    shown = row(services, ct(list(range(1000, 1100))))

    assert (shown[0], shown[50], shown[-1]) == (0, 129, 255)


def test_eight_bits_without_a_window_are_as_they_are(services):
    pixels = picture()[..., :1]

    made = services.render.matrix(
        stored(services, build_tiles.instance(pixels)), None, None, Look()
    )

    assert np.array_equal(made.pixels, pixels)


def test_palette_colours(services):
    pixels = np.array([0, 1, 2, 3] * 64, np.uint8).reshape(TILE, TILE, 1)
    found = build_tiles.instance(pixels, PhotometricInterpretation="PALETTE COLOR")
    tables = ([10, 20, 30], [40, 50, 60], [70, 80, 90])
    for name, table in zip(("Red", "Green", "Blue"), tables, strict=True):
        setattr(found, f"{name}PaletteColorLookupTableDescriptor", [3, 1, 16])
        entries = np.array(table, "<u2") << 8
        setattr(found, f"{name}PaletteColorLookupTableData", entries.tobytes())

    made = services.render.matrix(stored(services, found), None, None, Look())

    assert made.pixels[0, :4].tolist() == [[10, 40, 70], [10, 40, 70], [20, 50, 80], [30, 60, 90]]


def path(identifier: str, color: tuple[int, int, int] | None = None) -> Dataset:
    code = instances.item(
        CodeValue="111743", CodingSchemeDesignator="DCM", CodeMeaning="Epifluorescence"
    )
    found = instances.item(OpticalPathIdentifier=identifier, IlluminationTypeCodeSequence=[code])
    if color:
        palette = Dataset()
        for name, value in zip(("Red", "Green", "Blue"), color, strict=True):
            setattr(palette, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
            table = (np.arange(256) * value // 255).astype("<u2") * 257
            setattr(palette, f"{name}PaletteColorLookupTableData", table.tobytes())
        found.PaletteColorLookupTableSequence = [palette]
    return found


@pytest.fixture(scope="module")
def fluorescence(services):
    """Two paths: the left half shines in the first, the upper half in the second."""
    left, upper = np.zeros((2, TILE, TILE, 1), np.uint16)
    left[:, :8], upper[:8] = 1000, 500
    found = build_tiles.instance(
        left,
        [left, upper],
        SeriesInstanceUID=generate_uid(),
        OpticalPathSequence=[path("A"), path("B", (255, 128, 0))],
        NumberOfOpticalPaths=2,
    )
    return stored(services, found)


def corners(made: Picture) -> list[list[int]]:
    return [made.pixels[y, x].tolist() for y, x in ((0, 0), (0, 15), (15, 0), (15, 15))]


def test_channels_add_up_in_the_colours_asked_for(services, fluorescence):
    window = Window(500, 1000, WindowFunction.LINEAR_EXACT)
    channels = (Channel("A", (0, 0, 255), window), Channel("B", (255, 0, 255), window))

    made = services.render.matrix(fluorescence, None, None, Look(channels=channels))

    assert corners(made) == [[128, 0, 255], [128, 0, 128], [0, 0, 255], [0, 0, 0]]


def test_all_paths_of_fluorescence_are_blended_in_their_own_colours(services, fluorescence):
    made = services.render.matrix(fluorescence, None, None, Look())

    # The first tells no colour and gets blue, the second has orange at the end of its palette.
    assert corners(made) == [[255, 242, 255], [255, 128, 0], [0, 114, 255], [0, 0, 0]]


def test_what_shines_fills_a_window_of_8_bits_too(services):
    pixels = np.full((TILE, TILE, 1), 10, np.uint8)
    pixels[:8] = 60
    light = path("A")
    light.ImagePathFilterPassThroughWavelength = 520
    found = build_tiles.instance(
        pixels, SeriesInstanceUID=generate_uid(), OpticalPathSequence=[light]
    )

    made = services.render.matrix(stored(services, found), None, None, Look())

    assert corners(made) == [[0, 220, 80], [0, 220, 80], [0, 0, 0], [0, 0, 0]]


def test_channels_count_each_for_what_is_decoded_of_one_picture():
    across = Span(0, 20_000, 100)

    check_source(across, across)
    check_source(across, across, 5)
    with pytest.raises(TooLargeError, match="20000 x 20000 pixels in 6 channels"):
        check_source(across, across, 6)
    with pytest.raises(TooLargeError, match="23500 x 23500 pixels are too many"):
        check_source(Span(0, 23_500, 1), Span(0, 23_500, 1))


def test_a_path_that_is_not_there(services, fluorescence):
    with pytest.raises(BadRequestError, match="A, B"):
        services.render.matrix(fluorescence, None, None, Look(channels=(Channel("C"),)))
    with pytest.raises(BadRequestError):
        services.render.matrix(fluorescence, None, None, Look(channels=()))


def swapped_profile() -> bytes:
    """Return a profile of colours whose red is sRGB's green, and the other way round."""
    profile = bytearray(srgb_profile())
    profile = profile.replace(b"rXYZ", b"tmpX").replace(b"gXYZ", b"rXYZ").replace(b"tmpX", b"gXYZ")
    return bytes(profile)


@pytest.fixture(scope="module")
def colored(services):
    pixels = np.broadcast_to(np.array([250, 20, 20], np.uint8), (TILE, TILE, 3)).copy()
    item = instances.item(OpticalPathIdentifier="1", ICCProfile=swapped_profile())
    return stored(
        services,
        build_tiles.instance(pixels, SeriesInstanceUID=generate_uid(), OpticalPathSequence=[item]),
    )


def one_pixel(services, found, icc):
    made = services.render.matrix(found, Region(0, 0, 1, 1), None, Look(icc=icc))
    return made.pixels[0, 0].tolist(), made.icc_profile


def test_the_profile_goes_with_colours_as_stored(services, colored):
    assert one_pixel(services, colored, IccChoice.NO) == ([250, 20, 20], None)
    assert one_pixel(services, colored, IccChoice.YES) == ([250, 20, 20], swapped_profile())


def test_colours_are_converted_to_srgb(services, colored):
    (red, green, blue), profile = one_pixel(services, colored, IccChoice.SRGB)

    assert profile == srgb_profile()
    assert abs(green - 250) <= 2
    assert max(abs(red - 20), abs(blue - 20)) <= 2


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        # Of sRGB green: published values of Adobe RGB (1998) and ROMM RGB.
        (IccChoice.ADOBE_RGB, (144, 255, 60)),
        (IccChoice.ROMM_RGB, (138, 237, 78)),
    ],
)
def test_wider_colour_spaces(choice, expected):
    pixels = np.array([[[0, 255, 0], [255, 255, 255], [0, 0, 0]]], np.uint8)

    made = converted(pixels, None, choice)[0].tolist()

    assert np.abs(np.subtract(made[0], expected)).max() <= 3
    assert min(made[1]) >= 253
    assert max(made[2]) <= 2
    opened = ImageCms.ImageCmsProfile(io.BytesIO(target_profile(choice)))
    assert ImageCms.getProfileDescription(opened)


def test_a_damaged_profile_stands_for_srgb():
    pixels = np.full((1, 1, 3), 77, np.uint8)
    broken = srgb_profile()[:132] + b"\xff" * 400

    assert np.array_equal(converted(pixels, broken, IccChoice.SRGB), pixels)
    assert np.array_equal(converted(pixels, b"none", IccChoice.SRGB), pixels)


def test_cielab_values_as_dicom_codes_them():
    assert lab_to_rgb(65535, 32896, 32896) == (255, 255, 255)
    assert lab_to_rgb(0, 32896, 32896) == (0, 0, 0)


@pytest.mark.parametrize("media_type", ["image/jpeg", "image/png", "image/webp"])
@pytest.mark.parametrize("samples", [1, 3])
def test_pictures_are_coded_with_their_profile(media_type, samples):
    pixels = picture()[..., :samples]
    profile = srgb_profile() if samples == 3 else None

    stream = encode(Picture(pixels, profile), media_type, 95)

    with Image.open(io.BytesIO(stream)) as opened:
        assert opened.get_format_mimetype() == media_type
        assert opened.info.get("icc_profile") == profile
        values = np.asarray(opened.convert("RGB")).astype(int)
    assert abs(values - pixels).mean() < 3
    if media_type == "image/png":
        assert np.array_equal(values, np.broadcast_to(pixels, values.shape))


def test_a_long_profile_is_cut_into_several_segments_of_jpeg():
    profile = srgb_profile() + bytes(150_000)

    stream = encode(Picture(picture(), profile), "image/jpeg")

    with Image.open(io.BytesIO(stream)) as opened:
        assert opened.info["icc_profile"] == profile


def test_quality_tells_the_size():
    sizes = [len(encode(Picture(picture()), "image/jpeg", quality)) for quality in (10, 50, 95)]

    assert sizes == sorted(sizes)
    assert len(set(sizes)) == 3


def test_what_cannot_be_coded_is_told():
    with pytest.raises(NotAcceptableError, match="image/png"):
        encode(Picture(picture()), "image/tiff")
    with pytest.raises(NotAcceptableError, match="16383"):
        encode(Picture(np.zeros((1, 20_000, 3), np.uint8)), "image/webp")


def test_native_frames_with_half_the_chrominance_are_stored_and_shown(services):
    frame = bytes((76, 149, 85, 255)) * (TILE * TILE // 2)
    found = instances.native(frame * 2, 2, PhotometricInterpretation="YBR_FULL_422")

    made = services.render.frame(stored(services, found), 2, Look())

    assert made.pixels[5, 6:8].tolist() == [[254, 0, 0], [255, 73, 73]]
