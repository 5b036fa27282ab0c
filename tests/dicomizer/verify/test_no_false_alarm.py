# SPDX-License-Identifier: Apache-2.0
"""A conversion of a small slide of every format is found to be the same, whatever its options."""

from __future__ import annotations

import importlib.util
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import build_qptiff
import numpy as np
import pytest
import tifffile

from dicomizer.convert import convert
from dicomizer.dicom.metadata import Optics, PathMetadata, SlideMetadata
from dicomizer.errors import DicomizerError, MissingSpacingError
from dicomizer.options import ConvertOptions, Levels
from dicomizer.pixels.codecs.codec import Codec
from dicomizer.slide import SizePx, SpacingMm
from dicomizer.verify import VerifyOptions, verify

_OPTIONS = {
    "defaults": ConvertOptions(),
    "dyadic": ConvertOptions(levels=Levels.DYADIC),
    "all": ConvertOptions(levels=Levels.ALL),
    "jpeg": ConvertOptions(codec=Codec.JPEG, levels=Levels.DYADIC),
    "jpeg2000": ConvertOptions(codec=Codec.JPEG_2000),
    "htj2k": ConvertOptions(codec=Codec.HTJ2K, levels=Levels.DYADIC),
    "jpegls": ConvertOptions(codec=Codec.JPEG_LS),
    "jxl": ConvertOptions(codec=Codec.JPEG_XL, levels=Levels.DYADIC),
    "rle": ConvertOptions(codec=Codec.RLE),
    "jpeg 70": ConvertOptions(codec=Codec.JPEG, quality=70, levels=Levels.DYADIC),
    "jxl 80": ConvertOptions(codec=Codec.JPEG_XL, quality=80),
    "jpeg2000 80": ConvertOptions(codec=Codec.JPEG_2000, quality=80),
    "other tiles": ConvertOptions(tile_size=SizePx(96, 96), levels=Levels.DYADIC),
    "filled": ConvertOptions(fill_missing=True),
    "parts": ConvertOptions(max_instance_bytes=20_000),
    "dual": ConvertOptions(dual=True),
}


_EACH = ("defaults", "dyadic")
"""Tried with every slide; of the others, one with each, or all take four minutes."""
_ROTATED = [name for name in _OPTIONS if name not in _EACH]


def _cases() -> Iterator[tuple[str, Callable[[Path], Path]]]:
    folder = str(Path(__file__).parent.parent / "sources" / "cases")
    for module in pkgutil.iter_modules([folder]):
        spec = module.module_finder.find_spec(module.name, None)
        loaded = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(loaded)
        yield from loaded.CASES.items()


_BUILDS = [
    pytest.param(build, _ROTATED[number % len(_ROTATED)], id=name)
    for number, (name, build) in enumerate(_cases())
]


@pytest.mark.parametrize(("build", "other"), _BUILDS)
def test_a_conversion_is_the_same(tmp_path, build, other):
    (tmp_path / "slide").mkdir()
    slide = build(tmp_path / "slide")

    for name in (*_EACH, other):
        options = _OPTIONS[name]
        folder = tmp_path / name
        if not _converted(slide, folder, options):
            continue

        found = verify(slide, folder, VerifyOptions(quality=options.quality))

        assert not found.differences, (name, [str(item) for item in found.differences])
        assert found.is_same, (name, found.images)


def _converted(slide: Path, folder: Path, options: ConvertOptions) -> bool:
    """Convert a slide; tell whether that can be with these options."""
    try:
        try:
            convert(slide, folder, options)
        except MissingSpacingError:
            convert(slide, folder, replace(options, spacing=SpacingMm.from_mpp(0.5, 0.5)))
    except DicomizerError as error:
        assert error.remedy  # a codec that does not know such pixels, or a file too small
        return False
    return True


@pytest.mark.parametrize(
    "name",
    [
        "aperio/CMU-1-Small-Region.svs",
        "hamamatsu/test3-TRITC-2-560.ndpi",
        "dicom/variants",
    ],
)
def test_a_conversion_of_a_real_slide_is_the_same(tmp_path, real_slide, name):
    slide = real_slide(name)
    if slide.is_dir():
        slide = next(item for item in sorted(slide.rglob("*.dcm")) if "level" in item.name)
    options = ConvertOptions(levels=Levels.DYADIC)
    assert _converted(slide, tmp_path / "out", options)

    found = verify(slide, tmp_path / "out")

    assert found.is_same, [str(item) for item in found.differences]


def test_a_wavelength_that_32_bits_round_is_the_same(tmp_path):
    paths = tuple(PathMetadata(name=name, excitation_nm=358.1) for name in "ABC")
    told = ConvertOptions(metadata=SlideMetadata(optics=Optics(paths=paths)))
    slide = tmp_path / "slide.tif"
    build_qptiff.write_fluorescence(slide)
    convert(slide, tmp_path / "out", told)

    found = verify(slide, tmp_path / "out", VerifyOptions(told))

    assert found.is_same, [str(item) for item in found.differences]


@pytest.mark.parametrize("codec", [Codec.JPEG_2000, Codec.HTJ2K, Codec.JPEG_LS, Codec.JPEG_XL])
def test_a_low_quality_need_not_be_told_again(tmp_path, codec):
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    slide = tmp_path / "slide.tif"
    tifffile.imwrite(slide, noise, tile=(64, 64), photometric="rgb", resolution=(20000, 20000))
    convert(slide, tmp_path / "out", ConvertOptions(codec=codec, quality=5))

    found = verify(slide, tmp_path / "out")

    assert found.is_same, [str(item) for item in found.differences]
    assert found.images[0].worst_psnr < 25
