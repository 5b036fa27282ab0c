# SPDX-License-Identifier: Apache-2.0
"""The contract that every reader keeps, on small slides of every format."""

from __future__ import annotations

import importlib.util
import pkgutil
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dicomizer.errors import DicomizerError
from dicomizer.pixels.codecs import jpeg
from dicomizer.slide import Compression, SlideImage
from dicomizer.sources.base import SlideSource
from dicomizer.sources.registry import open_source

TRUNCATIONS, FLIPS = 20, 50


def _cases() -> Iterator[tuple[str, str, Callable[[Path], Path]]]:
    """Yield reader, name and builder of every case."""
    folder = str(Path(__file__).parent / "cases")
    for module in pkgutil.iter_modules([folder]):
        spec = module.module_finder.find_spec(module.name, None)
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        yield from ((module.name, name, build) for name, build in loaded.CASES.items())


ALL = [pytest.param(reader, build, id=name) for reader, name, build in _cases()]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test on all cases."""
    metafunc.parametrize(("reader", "build"), ALL)


def read(source: SlideSource, image: SlideImage, indices=None) -> list[bytes]:
    """Return frames joined; a missing one is empty."""
    return [b"".join(frame) for batch in source.frames(image, indices) for frame in batch]


def test_the_registry_picks_the_reader_of_the_format(tmp_path, reader, build):
    with open_source(build(tmp_path)) as source:
        assert type(source).__module__.split(".")[2] == reader
        assert source.slide.format_name


def test_all_frames_are_those_of_all_indices(tmp_path, reader, build):
    with open_source(build(tmp_path)) as source:
        for image in source.slide.images:
            frames = read(source, image)

            assert len(frames) == image.number_of_frames
            assert read(source, image, range(image.number_of_frames)) == frames


def test_frames_in_any_order_are_those_in_order(tmp_path, reader, build):
    with open_source(build(tmp_path)) as source:
        for image in source.slide.images:
            frames = read(source, image)
            indices = random.Random(1).choices(range(len(frames)), k=len(frames) + 3)

            assert read(source, image, indices) == [frames[index] for index in indices]
            assert read(source, image, []) == []


def test_missing_frames_are_empty_and_no_others(tmp_path, reader, build):
    with open_source(build(tmp_path)) as source:
        for image in source.slide.images:
            frames = [frame for batch in source.frames(image) for frame in batch]

            assert {number for number, frame in enumerate(frames) if frame == ()} == image.missing


def test_frames_are_full_tiles_of_the_coding(tmp_path, reader, build):
    with open_source(build(tmp_path)) as source:
        for image in source.slide.images:
            for number, frame in enumerate(read(source, image)):
                if number not in image.missing:
                    _check_frame(image, frame)


def _check_frame(image: SlideImage, frame: bytes) -> None:
    if image.coding.compression is Compression.NONE:
        assert len(frame) == image.frame_bytes
    if image.coding.compression is Compression.JPEG:
        header = jpeg.read_header(frame).frame
        assert header.is_baseline
        assert (header.width, header.height) == (image.tile_size.width, image.tile_size.height)
        assert len(header.sampling) == image.pixel_format.samples
        assert frame.endswith(jpeg.EOI)


def test_levels_descend_with_spacing_to_match(tmp_path, reader, build):
    with open_source(build(tmp_path)) as source:
        for scan in source.slide.scans:
            base = scan.levels[0]
            assert len(scan.optical_paths) == base.paths
            for finer, level in zip(scan.levels, scan.levels[1:], strict=False):
                assert level.size.width < finer.size.width
                assert (level.planes, level.paths) == (base.planes, base.paths)
                assert (level.spacing is None) == (base.spacing is None)
                if level.spacing is not None:
                    width = level.spacing.between_columns * level.size.width
                    whole = base.spacing.between_columns * base.size.width
                    assert abs(width - whole) <= 2 * level.spacing.between_columns


def test_keys_are_unique(tmp_path, reader, build):
    with open_source(build(tmp_path)) as source:
        keys = [image.key for image in source.slide.images]

        assert len(set(keys)) == len(keys)


def test_closing_twice_is_fine(tmp_path, reader, build):
    source = open_source(build(tmp_path))

    source.close()
    source.close()


def test_cut_slide_is_refused_or_read_as_far_as_it_is_whole(tmp_path, reader, build):
    path = _largest_file(build(tmp_path))
    data = path.read_bytes()
    for number in range(TRUNCATIONS):
        path.write_bytes(data[: len(data) * number // TRUNCATIONS])
        _read_all_or_refuse(path)


def test_slide_with_a_flipped_bit_is_refused_or_read(tmp_path, reader, build):
    path = _largest_file(build(tmp_path))
    data = path.read_bytes()
    chance = random.Random(len(data))
    for _ in range(FLIPS):
        flipped = bytearray(data)
        flipped[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        _read_all_or_refuse(path)


def _largest_file(path: Path) -> Path:
    """Return the slide, or the largest file of a folder that is one."""
    if not path.is_dir():
        return path
    return max((item for item in path.rglob("*") if item.is_file()), key=lambda i: i.stat().st_size)


def _read_all_or_refuse(path: Path) -> None:
    try:
        with open_source(path) as source:
            for image in source.slide.images:
                assert sum(map(len, source.frames(image))) == image.number_of_frames
    except DicomizerError as error:
        assert str(error)
