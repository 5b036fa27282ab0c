# SPDX-License-Identifier: Apache-2.0
"""Plain areas of lossy frames are as bright as they were, whatever the codec and the quality."""

from __future__ import annotations

import numpy as np
import pytest

from dicomizer.pixels.codecs import plain
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.decode import decode
from dicomizer.pixels.codecs.encode import encoder
from dicomizer.pixels.format import GREY_8, GREY_16, RGB_8, PixelFormat

CODECS = (Codec.JPEG_2000, Codec.HTJ2K, Codec.JPEG_LS, Codec.JPEG_XL)
QUALITIES = (30, 50, 70, 80, 90, 95)
SIZE = 128
GLASS = ((200, 200, 200), (230, 230, 230), (245, 240, 250), (233, 221, 238), (243, 243, 244))


def glass(color: tuple[int, int, int], noise: float, slope: float = 0) -> np.ndarray:
    """A tile of one colour, with noise, and brighter to the right by ``slope`` levels in all."""
    ramp = np.linspace(-slope / 2, slope / 2, SIZE)[None, :, None]
    values = np.random.default_rng(1).normal(np.array(color) + ramp, noise, (SIZE, SIZE, 3))
    return np.rint(values).clip(0, 255).astype(np.uint8)


def tissue() -> np.ndarray:
    """Dark spots of some pixels' size, as nuclei are."""
    y, x = np.mgrid[:SIZE, :SIZE]
    spots = 60 * np.sin(x / 2.3) * np.sin(y / 3.1) + 30 * np.sin((x + y) / 1.7)
    noise = np.random.default_rng(2).normal(0, 6, (SIZE, SIZE, 3))
    return np.rint(140 + spots[..., None] + noise).clip(0, 255).astype(np.uint8)


def coded(codec: Codec, quality: int, pixels: np.ndarray, kind: PixelFormat) -> np.ndarray:
    made = encoder(codec, kind, quality)
    declared = PixelFormat(kind.samples, 8 * pixels.itemsize)
    rows, columns = pixels.shape[:2]
    stream = made.encode(pixels)
    return decode(stream, made.transfer_syntax, declared, rows=rows, columns=columns).astype(float)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("quality", QUALITIES)
def test_glass_keeps_its_brightness(codec, quality):
    tiles = [glass(color, noise) for color in GLASS for noise in (0, 0.5, 2)]
    tiles += [glass(GLASS[3], noise, slope) for noise in (0, 1) for slope in (5, 30)]

    shifts = [np.abs((coded(codec, quality, t, RGB_8) - t).mean(axis=(0, 1))).max() for t in tiles]

    assert max(shifts) < 0.51


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("quality", [50, 80])
def test_glass_beside_tissue_keeps_its_brightness(codec, quality):
    pixels = tissue()
    pixels[:, : SIZE // 2] = glass((243, 241, 244), 0.6)[:, : SIZE // 2]

    found = coded(codec, quality, pixels, RGB_8)[:, : SIZE // 2 - 8]

    shift = (found - pixels[:, : SIZE // 2 - 8]).mean(axis=(0, 1))
    assert np.abs(shift).max() < 0.75


def test_a_speck_on_glass_is_coded_as_well_as_tissue():
    """JPEG 2000 may not spend on the speck what the glass around it leaves over."""
    pixels = glass((243, 241, 244), 0)
    pixels[48:72, 48:72] = tissue()[48:72, 48:72]

    found = coded(Codec.JPEG_2000, 80, pixels, RGB_8)

    error = ((found - pixels)[48:72, 48:72] ** 2).mean()
    assert 10 * np.log10(255**2 / error) > 33


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("bits", [12, 16])
def test_dark_background_of_sixteen_bits_keeps_its_brightness(codec, bits):
    noise = np.random.default_rng(3).normal(0, 20, (SIZE, SIZE, 1))
    tiles = [np.rint(level + scale * noise) for level, scale in ((500, 0), (400, 1), (3000, 3))]
    kind = PixelFormat(samples=1, bits=bits)

    shifts = [coded(codec, 80, t.astype(np.uint16), kind) - t for t in tiles]

    assert abs(shifts[0].mean()) <= 0.5
    assert abs(shifts[1].mean()) <= 1.01
    assert abs(shifts[2].mean()) <= 3.01


@pytest.mark.parametrize("kind", [RGB_8, GREY_16])
@pytest.mark.parametrize(("rows", "columns"), [(64, 64), (40, 24), (1, 1), (13, 70)])
def test_detail_is_the_variance_within_blocks(kind, rows, columns):
    shape = (rows, columns, kind.samples)
    pixels = np.random.default_rng(4).integers(0, 1 << kind.bits, shape).astype(kind.dtype)

    found = plain.detail(pixels)

    padding = ((0, -rows % 8), (0, -columns % 8), (0, 0))
    blocks = np.pad(pixels.astype(float), padding, mode="edge")
    blocks = blocks.reshape(-(-rows // 8), 8, -(-columns // 8), 8, kind.samples)
    assert found == pytest.approx(blocks.var(axis=(1, 3)).mean(axis=-1), rel=1e-4, abs=0.05)


def test_frames_without_plain_areas_are_coded_once():
    calls = []

    def encode(_: np.ndarray, halvings: int) -> bytes:
        calls.append(halvings)
        return b"stream"

    def decode_never(_: bytes, __: np.ndarray) -> np.ndarray:
        raise AssertionError

    assert plain.keeping_brightness(encode, decode_never, 20.0)(tissue()) == b"stream"
    assert calls == [0]


def test_frames_that_lost_brightness_are_coded_finer_until_they_keep_it():
    pixels = glass((240, 240, 240), 0)
    pixels[0, 0] += 1  # an even frame is coded as finely as can be at once

    def encode(_: np.ndarray, halvings: int) -> bytes:
        return bytes([halvings])

    def darker(stream: bytes, of: np.ndarray) -> np.ndarray:
        return of - 4 // 2 ** stream[0]

    assert plain.keeping_brightness(encode, darker, 20.0)(pixels) == bytes([3])


LOSSY = (Codec.JPEG_2000, Codec.HTJ2K, Codec.JPEG_LS, Codec.JPEG_XL)


@pytest.mark.parametrize("codec", LOSSY, ids=lambda codec: codec.value)
@pytest.mark.parametrize("edge", [8, 10, 16, 48, 64, 240, 500, 512])
@pytest.mark.parametrize("pixel_format", [RGB_8, GREY_8], ids=["colour", "grey"])
def test_even_frames_of_every_value_are_kept(codec, edge, pixel_format):
    made = encoder(codec, pixel_format, 80)

    for value in range(0, 256, 1 if edge <= 16 else 31):
        pixels = np.full((edge, edge, pixel_format.samples), value, np.uint8)
        back = decode(
            made.encode(pixels), made.transfer_syntax, pixel_format, rows=edge, columns=edge
        )
        assert np.abs(back.astype(int) - value).max() <= 1, value


@pytest.mark.parametrize("value", [7, 63, 189, 235, 249])
@pytest.mark.parametrize("quality", [1, 30, 80, 100])
def test_even_frames_that_openjpeg_would_make_grey(value, quality):
    made = encoder(Codec.JPEG_2000, RGB_8, quality)

    for edge in (16, 48, 64, 240, 512):
        pixels = np.full((edge, edge, 3), value, np.uint8)
        pixels[0, 0] ^= quality == 30
        back = decode(made.encode(pixels), made.transfer_syntax, RGB_8, rows=edge, columns=edge)
        assert abs(back.astype(float).mean() - value) < 0.6


@pytest.mark.parametrize("codec", [Codec.JPEG_2000, Codec.HTJ2K], ids=lambda codec: codec.value)
def test_even_frames_of_16_bits_are_kept(codec):
    made = encoder(codec, GREY_16, 80)

    for value in (0, 1, 24, 8192, 32767, 32768, 65535):
        pixels = np.full((64, 64, 1), value, np.uint16)
        back = decode(made.encode(pixels), made.transfer_syntax, GREY_16, rows=64, columns=64)
        assert np.abs(back.astype(int) - value).max() <= 1, value
