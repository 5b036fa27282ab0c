# SPDX-License-Identifier: Apache-2.0
"""Levels made in one pass: exact means, whatever the tiles, blocks, planes and gaps are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from slides import picture

from dicomizer.dicom.metadata import SlideMetadata
from dicomizer.errors import CorruptSourceError
from dicomizer.options import ConvertOptions, Levels
from dicomizer.pipeline import pyramid
from dicomizer.pipeline.chain import chains
from dicomizer.pipeline.pyramid import PyramidPass
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.pixels.codecs.errors import EncodingError
from dicomizer.pixels.format import GREY_16, PixelFormat
from dicomizer.planning import ConversionPlan, Tiling, plan
from dicomizer.slide import (
    Coding,
    ColorSpace,
    Compression,
    Flavor,
    Illumination,
    OpticalPath,
    Scan,
    SizePx,
    Slide,
    SlideImage,
    SpacingMm,
)


class ArraySource:
    """A slide of one level whose tiles are cut from arrays, one for each layer."""

    def __init__(self, layers: list[np.ndarray], tile: SizePx, *, jpeg: bool = False, **image):
        self._layers = layers
        height, width, samples = layers[0].shape
        coding = Coding(
            Compression.JPEG if jpeg else Compression.NONE,
            ColorSpace.YCBCR if jpeg else ColorSpace.RGB,
            lossy=jpeg,
            coded_bytes=1000,
        )
        self._jpeg = jpeg
        self.level = SlideImage(
            "0",
            Flavor.VOLUME,
            SizePx(width, height),
            tile,
            coding,
            SpacingMm(0.001, 0.001),
            pixel_format=PixelFormat(samples, layers[0].itemsize * 8),
            **image,
        )
        scans = (Scan((self.level,), (OpticalPath(),) * self.level.paths),)
        self.slide = Slide(Path("array"), "arrays", scans, (), SlideMetadata())

    def frames(
        self, image: SlideImage, indices: Sequence[int] | None = None
    ) -> Iterator[list[tuple[bytes, ...]]]:
        for index in range(image.number_of_frames) if indices is None else indices:
            yield [() if index in image.missing else (self._frame(index),)]

    def _frame(self, index: int) -> bytes:
        image = self.level
        layer, tile = divmod(index, image.number_of_tiles)
        row, column = divmod(tile, image.grid.width)
        height, width = image.tile_size.height, image.tile_size.width
        pixels = self._layers[layer][row * height :, column * width :][:height, :width]
        # What lies beyond the edge is loud, so that it is seen where it leaks into a result.
        beyond = ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]), (0, 0))
        padded = np.pad(pixels, beyond, constant_values=0)
        if self._jpeg:
            return simplejpeg.encode_jpeg(padded, quality=95, colorsubsampling="444")
        return padded.tobytes()


class Frames(list[bytes]):
    """Stands for an instance's writer."""

    def write(self, frames) -> None:
        self.extend(b"".join(frame) for frame in frames)


def made(source: ArraySource, options: ConvertOptions) -> tuple[ConversionPlan, list[Frames]]:
    planned = plan(source.slide, options)
    outputs = []
    for chain in chains(planned.instances):
        writers = [None if item is None else Frames() for item in chain.outputs]
        passed = PyramidPass(chain, source, writers, threads=2, spool=tempfile.TemporaryFile)
        total = sum(passed.run())
        outputs += [item for item in writers if item is not None]
        assert total == sum(map(len, outputs))
    return planned, outputs


def assembled(image: SlideImage, frames: list[bytes], layer: int = 0) -> np.ndarray:
    """Put an image together from all its uncompressed frames, and crop it."""
    rows, columns = image.tile_size.height, image.tile_size.width
    shape = (rows, columns, image.pixel_format.samples)
    tiles = [np.frombuffer(item, image.pixel_format.dtype).reshape(shape) for item in frames]
    tiles = tiles[layer * image.number_of_tiles :][: image.number_of_tiles]
    grid = image.grid
    lines = [np.hstack(tiles[i * grid.width :][: grid.width]) for i in range(grid.height)]
    return np.vstack(lines)[: image.size.height, : image.size.width]


def mean_of_four(pixels: np.ndarray) -> np.ndarray:
    height, width, _ = pixels.shape
    even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), "edge").astype(np.uint32)
    sums = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return ((sums + 2) // 4).astype(pixels.dtype)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(1, 300),
    st.integers(1, 300),
    st.sampled_from([16, 48, 64]),
    st.sampled_from([None, 32, 64]),
    st.integers(0, 2),
)
def test_every_level_is_the_exact_mean_of_the_one_before(width, height, tile, other, most):
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    source = ArraySource([pixels], SizePx(tile, tile))
    options = ConvertOptions(
        levels=Levels.DYADIC,
        codec=Codec.NONE,
        tile_size=SizePx(other, other) if other else None,
    )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyramid, "_MOST_HALVINGS", most)
        planned, outputs = made(source, options)

    made_anew = [item for item in planned.instances if item.source is not None]
    expected = pixels
    for instance in planned.instances:
        if instance in made_anew:
            frames = outputs[made_anew.index(instance)]
            assert len(frames) == instance.number_of_frames
            assert np.array_equal(assembled(instance.image, frames), expected)
        expected = mean_of_four(expected)


def test_planes_and_paths_are_pyramids_of_their_own():
    rng = np.random.default_rng(2)
    layers = [rng.integers(0, 65536, (90, 130, 1), np.uint16) for _ in range(6)]
    source = ArraySource(layers, SizePx(32, 32), planes=2, paths=3)

    planned, outputs = made(source, ConvertOptions(levels=Levels.DYADIC, codec=Codec.NONE))

    assert source.level.pixel_format == GREY_16
    first = next(item for item in planned.instances if item.halvings == 1)
    for number, layer in enumerate(layers):
        found = assembled(first.image, outputs[0], number)
        assert np.array_equal(found, mean_of_four(layer))


def test_nothing_is_made_of_what_is_missing():
    pixels = np.full((128, 256, 3), 100, np.uint8)
    source = ArraySource([pixels], SizePx(32, 32), missing=frozenset({0, 1, 8, 9, 2}))

    planned, outputs = made(source, ConvertOptions(levels=Levels.DYADIC, codec=Codec.NONE))

    half = next(item for item in planned.instances if item.halvings == 1)
    assert half.image.missing == {0}
    assert [len(item) for item in outputs] == [7, 2, 1]
    tile = np.frombuffer(outputs[0][0], np.uint8).reshape(32, 32, 3)
    assert (tile[:16, :16] == 255).all()
    assert (tile[16:] == 100).all()


def test_what_is_missing_is_background_where_a_complete_tiling_is_asked_for():
    pixels = np.full((128, 256, 3), 100, np.uint8)
    source = ArraySource([pixels], SizePx(32, 32), missing=frozenset({0, 1, 8, 9, 2}))
    options = ConvertOptions(levels=Levels.DYADIC, codec=Codec.NONE, fill_missing=True)

    for most in (0, 1, 2):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pyramid, "_MOST_HALVINGS", most)
            planned, outputs = made(source, options)

        assert [len(item) for item in outputs] == [8, 2, 1]
        assert [item.tiling for item in planned.instances] == [Tiling.FULL] * 4
        assert outputs[0][0] == b"\xff" * (32 * 32 * 3)
        assert outputs[0][2] == b"\x64" * (32 * 32 * 3)


def test_levels_are_the_same_whether_tiles_wait_in_memory_or_in_a_file(monkeypatch):
    source = ArraySource([picture(700, 500)], SizePx(32, 32))
    options = ConvertOptions(levels=Levels.DYADIC, codec=Codec.NONE)
    _, expected = made(source, options)

    monkeypatch.setattr(pyramid, "_SHELF_BYTES", 0)
    monkeypatch.setattr(pyramid, "_MOST_HALVINGS", 0)
    _, found = made(source, options)

    assert found == expected


def test_optical_paths_without_light_are_black_where_nothing_was_scanned():
    layers = [np.full((64, 128, 1), 90, np.uint8)] * 2
    source = ArraySource(layers, SizePx(32, 32), paths=2, missing=frozenset({0, 1, 8, 9}))
    dark = OpticalPath(illumination=Illumination.FLUORESCENCE)
    scan = Scan((source.level,), (OpticalPath(), dark))
    source.slide = replace(source.slide, scans=(scan,))
    options = ConvertOptions(levels=Levels.DYADIC, codec=Codec.NONE, fill_missing=True)

    _, outputs = made(source, options)

    half = [np.frombuffer(frame, np.uint8).reshape(32, 32) for frame in outputs[0]]
    assert [(int(item[0, 0]), int(item[31, 31])) for item in half] == [
        (255, 90),
        (90, 90),
        (0, 90),
        (90, 90),
    ]


def test_jpeg_is_reduced_within_its_transform_and_stays_near_the_mean():
    pixels = picture(700, 500)
    source = ArraySource([pixels], SizePx(128, 128), jpeg=True)

    planned, outputs = made(source, ConvertOptions(levels=Levels.DYADIC, quality=None))

    half = planned.instances[1]
    expected = mean_of_four(pixels).astype(int)
    decoded = [simplejpeg.decode_jpeg(item).tobytes() for item in outputs[0]]
    found = assembled(half.image, decoded)
    assert np.abs(found - expected).mean() < 5  # hard squares of colour, halved by 4:2:0
    edge = np.abs(found[:, -2:] - expected[:, -2:]).mean()
    assert edge < 10


def test_what_an_encoder_refuses_is_no_damage_of_the_slide(monkeypatch):
    def refuse(*_: object, **__: object) -> bytes:
        raise ValueError("no room")

    source = ArraySource([picture(200, 200)], SizePx(64, 64))
    monkeypatch.setattr(simplejpeg, "encode_jpeg", refuse)

    with pytest.raises(EncodingError, match=r"level-0\.dcm: jpeg cannot code .*: no room; choose"):
        made(source, ConvertOptions(levels=Levels.DYADIC, codec=Codec.JPEG))


def test_a_damaged_tile_names_the_image():
    source = ArraySource([picture(200, 200)], SizePx(64, 64), jpeg=True)
    source._frame = lambda _: b"\xff\xd8 no picture"

    with pytest.raises(CorruptSourceError, match="array: image 0: "):
        made(source, ConvertOptions(levels=Levels.DYADIC))
